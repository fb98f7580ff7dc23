package io.hawser.testkit

import java.net.SocketAddress

/** Where an end of an in-memory connection is: a [name] in this process, which is not blank. */
public data class MemoryAddress(public val name: String) : SocketAddress() {
    init {
        require(name.isNotBlank()) { "the name of a memory address is blank: \"$name\"" }
    }

    override fun toString(): String = name
}
