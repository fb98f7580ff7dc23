package io.hawser.benchmarks

import io.hawser.benchmarks.server.Contestant
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit.SECONDS
import java.util.concurrent.TimeoutException

/** A contestant that runs, as a process of its own, and listens on [port]. It keeps running over all rounds. */
internal class Server private constructor(val name: String, val port: Int) {
    companion object {
        private const val START_SECONDS = 30L

        /**
         * Returns when the server has said `listening PORT`.
         *
         * @throws Unavailable if it cannot run here.
         */
        fun start(contestant: Contestant, tools: Tools, options: Options, processes: Processes): Server {
            val log = tools.logs.resolve("${contestant.name}.log")
            val builder = ProcessBuilder(contestant.command(tools, options.jvm, "echo", log)).redirectError(log.toFile())
            val process = processes.start(builder)
            val firstLine = CompletableFuture.supplyAsync { process.inputReader().readLine() }
            val line = try {
                firstLine.get(START_SECONDS, SECONDS)
            } catch (_: TimeoutException) {
                null
            }
            val port = line?.removePrefix("listening ")?.toIntOrNull()
            if (port == null) {
                process.destroyForcibly()
                throw Unavailable(line ?: lastWords(log))
            }
            return Server(contestant.name, port)
        }

        private fun lastWords(log: Path): String =
            Files.readAllLines(log).firstOrNull(String::isNotBlank) ?: "it did not say its port within $START_SECONDS s"
    }
}
