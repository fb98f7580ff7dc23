package io.hawser.benchmarks.server

import io.hawser.benchmarks.Options
import io.hawser.benchmarks.Tools
import io.hawser.benchmarks.objectsOf

/** An echo server as a program that prints `listening PORT` first, on the loopback address, and runs until it is killed. */
internal sealed interface Contestant {
    val name: String

    /**
     * What starts it; compiles it first if need be.
     *
     * @throws io.hawser.benchmarks.Unavailable if that cannot be done here.
     */
    fun command(tools: Tools, options: Options): List<String>

    companion object {
        /** Hawser, and the others by name. */
        val all: List<Contestant> by lazy {
            objectsOf(Contestant::class.java).sortedWith(compareBy({ it !== Hawser }, Contestant::name))
        }
    }
}
