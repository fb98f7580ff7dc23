package io.hawser.unix

import java.net.SocketAddress

/** An abstract name of Linux, which a Unix socket has instead of a path: any bytes, and no file (unix(7)). */
public class AbstractAddress internal constructor(internal val bytes: ByteArray) : SocketAddress() {
    /**
     * The name in UTF-8.
     *
     * @throws IllegalArgumentException unless [name], without an `@` before it, has 1 to 107 bytes.
     */
    public constructor(name: String) : this(name.encodeToByteArray()) {
        require(bytes.size in 1..LONGEST) { "an abstract name of ${bytes.size} bytes is not one of 1..$LONGEST: \"$name\"" }
    }

    /** As text. What is no UTF-8 is replaced, so that two addresses may have the same. */
    public val name: String get() = bytes.decodeToString()

    override fun equals(other: Any?): Boolean = other is AbstractAddress && bytes.contentEquals(other.bytes)

    override fun hashCode(): Int = bytes.contentHashCode()

    /** The name with an `@` before it, and a point for each character that cannot be shown. */
    override fun toString(): String = "@" + name.map { if (it.isISOControl()) '.' else it }.joinToString("")

    private companion object {
        const val LONGEST = 107
        const val serialVersionUID = 1L
    }
}
