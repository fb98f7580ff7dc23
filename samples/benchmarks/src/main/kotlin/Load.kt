package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Case
import io.hawser.benchmarks.server.Askers
import java.io.EOFException
import java.io.IOException
import java.net.Socket
import java.nio.file.Path
import java.util.concurrent.TimeUnit.MILLISECONDS
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit.SECONDS

/** A server did not stand the load; the message is the reason. */
internal class LoadFailed(override val message: String) : Exception(message)

/** The load generator, a process for each run, so that no run inherits anything from another. */
internal class Load(
    private val program: Path,
    private val options: Options,
    private val processes: Processes,
    private val warmup: Duration = options.warmup,
    private val cores: Cores = Cores.all,
    /** How long a measurement takes. */
    val duration: Duration = options.duration,
) {
    /** The same on [cores] only. */
    fun confinedTo(cores: Cores): Load = Load(program, options, processes, warmup, cores, duration)

    /** The same for [least], unless it is longer. */
    fun lasting(least: Duration): Load = Load(program, options, processes, warmup, cores, maxOf(least, duration))

    /** Puts [server] under the load that is called [mode], and waits for the figures. Throws as [Run.figures] does. */
    fun on(server: Server, mode: String, case: Case, vararg more: String): Figures =
        start(server, mode, case, *more).use(Run::figures)

    /** Has [server], which asks, do so as [case] says, and waits for the figures. Throws as [Run.figures] does. */
    fun by(server: Server, case: Case): Figures {
        val answer = try {
            ask(server.endpoint, case, warmup, duration, limit)
        } catch (e: IOException) {
            processes.checkOpen()
            throw LoadFailed("who asks has not ended: ${e.message}")
        }
        if (answer.startsWith(Askers.COMPLAINT)) throw LoadFailed(answer.removePrefix(Askers.COMPLAINT))
        return Figures.parse(answer)
    }

    /** @throws Unavailable if the comparison was ended meanwhile. */
    fun start(server: Server, mode: String, case: Case, vararg more: String): Run {
        val words = mutableListOf(
            "taskset", "--cpu-list", "$cores",
            "$program", mode, server.endpoint, "${case.connections}", "${case.bytes}",
            "${warmup.toDouble(SECONDS)}", "${duration.toDouble(SECONDS)}", "${options.threads}",
        )
        words += "file=${server.file}"
        case.rate?.let { words += "rate=$it" }
        return Run(processes.start(ProcessBuilder(words + more)))
    }

    /** A run under way. */
    inner class Run(private val process: Process) : AutoCloseable {
        private val output = process.inputReader()

        /** @throws LoadFailed if it says anything else, or nothing more. */
        fun awaitLine(expected: String) {
            val line = output.nextLine()
            if (line == expected) return
            process.toHandle().destroyForcibly()
            throw LoadFailed(complaint() ?: "the load said '$line' and not '$expected'")
        }

        /** Answers the load that waits for us. */
        fun goOn(): Unit = process.outputWriter().use { it.write("\n") }

        /**
         * @throws Unavailable if the comparison was ended meanwhile.
         * @throws LoadFailed if anything came back wrong, not at all, or not in time.
         */
        fun figures(): Figures {
            if (!process.waitFor(limit.inWholeMilliseconds, MILLISECONDS)) {
                process.destroyForcibly()
                throw LoadFailed("the load did not end within $limit")
            }
            processes.checkOpen()
            val complaint = complaint()
            if (process.exitValue() != 0) throw LoadFailed(complaint ?: "the load ended with ${process.exitValue()}")
            return Figures.parse(output.readText())
        }

        /** Kills it unless it has ended. */
        override fun close() {
            process.toHandle().destroyForcibly()
            process.waitFor()
        }

        private fun complaint(): String? = process.errorReader().readText().trim().lines().first().ifEmpty { null }
    }

    private val limit: Duration = warmup + duration + 30.seconds
}

/** What the [Askers] at [endpoint] say when they are told to ask. */
internal fun ask(endpoint: String, case: Case, warmup: Duration, duration: Duration, limit: Duration): String {
    val (host, port) = endpoint.substringAfter("ask://").split(':')
    return Socket(host, port.toInt()).use { socket ->
        socket.soTimeout = limit.inWholeMilliseconds.toInt()
        val words = listOf(case.connections, case.bytes, warmup.toDouble(SECONDS), duration.toDouble(SECONDS))
        socket.getOutputStream().write("${words.joinToString(" ")}\n".encodeToByteArray())
        socket.getInputStream().bufferedReader().readLine() ?: throw EOFException("who asks is gone")
    }
}
