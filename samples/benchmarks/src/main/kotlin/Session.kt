package io.hawser.benchmarks

import io.hawser.benchmarks.server.Contestant
import java.nio.file.Path

/** What benchmarks need to run: the options, the tools, and the processes that end with them. */
internal class Session(val options: Options, val tools: Tools, val processes: Processes) {
    val load: Load = Load(tools.compileLoad(), options, processes)

    /** For servers that have just been started: the JVM compiles what is worth it. */
    val firstLoad: Load = Load(tools.compileLoad(), options, processes, options.firstWarmup)

    /**
     * Starts [contestant] to do [service]; out of [file] where it is about a file.
     *
     * @throws Unavailable if it cannot run here.
     */
    fun start(contestant: Contestant, service: String, file: Path): Server = Server.start(contestant, service, file, this)
}
