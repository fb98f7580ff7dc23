package io.hawser.benchmarks

import java.nio.file.Path
import java.util.concurrent.TimeUnit.MILLISECONDS
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit.SECONDS

/** A server did not stand the load; the message is the reason. */
internal class LoadFailed(override val message: String) : Exception(message)

/** The load generator, a process for each run, so that no run inherits anything from another. */
internal class Load(private val program: Path, private val options: Options, private val processes: Processes) {
    private val limit: Duration = options.warmup + options.duration + 30.seconds

    /**
     * @throws Unavailable if the comparison was ended meanwhile.
     * @throws LoadFailed if anything came back wrong, not at all, or not in time.
     */
    fun on(server: Server): Figures {
        val process = processes.start(
            ProcessBuilder(
                "$program", options.workload.name, "127.0.0.1", "${server.port}", "${options.connections}", "${options.bytes}",
                "${options.warmup.toDouble(SECONDS)}", "${options.duration.toDouble(SECONDS)}", "${options.threads}",
            ),
        )
        if (!process.waitFor(limit.inWholeMilliseconds, MILLISECONDS)) {
            process.destroyForcibly()
            throw LoadFailed("the load did not end within $limit")
        }
        processes.checkOpen()
        val complaint = process.errorReader().readText().trim()
        if (process.exitValue() != 0) throw LoadFailed(complaint.ifEmpty { "the load ended with ${process.exitValue()}" })
        return Figures.parse(process.inputReader().readText())
    }
}
