package io.hawser.benchmarks

import io.hawser.benchmarks.server.Contestant
import io.hawser.benchmarks.server.JvmContestant
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries

/** A [contestant] that runs, as a process of its own, and listens on [endpoint]; it may send a [file]. */
internal class Server private constructor(
    val contestant: Contestant,
    val endpoint: String,
    val file: Path,
    private val process: Process,
    private val tools: Tools,
) : AutoCloseable {
    private val facts: Path = Path.of("/proc", "${process.pid()}")

    /** What it holds after a collection of garbage. */
    fun memory(): Memory {
        val said = if (contestant is JvmContestant) {
            process.outputWriter().apply { write("memory\n") }.flush()
            Figures.parse(process.inputReader().nextLine() ?: throw LoadFailed("the server did not say what it holds"))
        } else {
            null
        }
        return Memory(residentBytes(), said?.get("heap"), said?.get("direct"))
    }

    /** The CPU time that its threads have used so far. */
    fun cpuNanos(): Long = facts.resolve("task").listDirectoryEntries().sumOf { thread ->
        Files.readString(thread.resolve("schedstat")).substringBefore(' ').toLong()
    }

    /**
     * Does [block] while it has [cores] only.
     *
     * @throws Unavailable if there is no `taskset`.
     */
    fun <T> on(cores: Cores, block: () -> T): T {
        pin(cores)
        try {
            return block()
        } finally {
            if (process.isAlive) pin(Cores.all)
        }
    }

    private fun pin(cores: Cores) {
        tools.run("taskset", "--all-tasks", "--cpu-list", "--pid", "$cores", "${process.pid()}")
    }

    private fun residentBytes(): Double {
        val line = Files.readAllLines(facts.resolve("status")).first { it.startsWith("VmRSS:") }
        return line.split(Regex("\\s+"))[1].toDouble() * KIB
    }

    /** Kills it; it may be killed already. */
    override fun close() {
        process.toHandle().destroyForcibly()
        process.waitFor()
        // Who is killed leaves its socket, and the folder that it made for it.
        if (endpoint.startsWith("unix")) Path.of(endpoint.substringAfter(':')).parent.toFile().deleteRecursively()
    }

    /** Bytes; heap and direct memory are known of JVMs only. */
    internal class Memory(private val resident: Double, private val heap: Double?, private val direct: Double?) {
        /** How much it has grown since [before] for each of [connections]. */
        fun since(before: Memory, connections: Int): Map<String, Double> = buildMap {
            put("rss_bytes", (resident - before.resident) / connections)
            if (heap != null && before.heap != null) put("heap_bytes", (heap - before.heap) / connections)
            if (direct != null && before.direct != null) put("direct_bytes", (direct - before.direct) / connections)
        }
    }

    companion object {
        private const val KIB = 1024
        private const val ANNOUNCEMENT = "listening "

        /**
         * Returns when the server has said `listening ENDPOINT`.
         *
         * @throws Unavailable if it cannot run here.
         */
        fun start(contestant: Contestant, service: String, file: Path, session: Session): Server {
            val log = session.tools.logs.resolve("${contestant.name}-$service.log")
            val command = contestant.command(session.tools, session.options.jvm, service, file)
            val process = session.processes.start(ProcessBuilder(command).redirectError(log.toFile()))
            val line = process.inputReader().nextLine()
            if (line == null || !line.startsWith(ANNOUNCEMENT)) {
                process.destroyForcibly()
                throw Unavailable(line ?: lastWords(log))
            }
            return Server(contestant, line.removePrefix(ANNOUNCEMENT), file, process, session.tools)
        }

        private fun lastWords(log: Path): String =
            Files.readAllLines(log).firstOrNull(String::isNotBlank) ?: "it did not say where it listens"
    }
}
