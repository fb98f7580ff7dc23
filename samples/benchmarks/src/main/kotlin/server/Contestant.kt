package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.hawser.benchmarks.objectsOf
import java.nio.file.Path

/** A server as a program: it prints `listening ENDPOINT` first, of the loopback address or of a socket in a folder of
 * its own, and runs until it is killed. */
internal sealed interface Contestant {
    val name: String

    /** What it can serve. A name means the same to all contestants and to the load generator. */
    val services: Set<String>

    /**
     * What starts it to serve one [service], out of [file] where that is about a file, with the flags [jvm] if it runs in one; compiles
     * it first if need be.
     *
     * @throws io.hawser.benchmarks.Unavailable if that cannot be done here.
     */
    fun command(tools: Tools, jvm: List<String>, service: String, file: Path): List<String>

    /**
     * What it is made with, such as `Netty 4.2.16.Final`.
     *
     * @throws io.hawser.benchmarks.Unavailable if that is not there.
     */
    fun version(tools: Tools): String

    companion object {
        /** Hawser, and the others by name. */
        val all: List<Contestant> by lazy {
            objectsOf(Contestant::class.java).sortedWith(compareBy({ it !== Hawser }, Contestant::name))
        }
    }
}
