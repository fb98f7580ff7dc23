package io.hawser.benchmarks.report

import io.hawser.benchmarks.Options
import io.hawser.benchmarks.Tools
import io.hawser.benchmarks.Unavailable
import io.hawser.benchmarks.server.Contestant
import java.nio.file.Files
import java.nio.file.Path
import java.time.LocalDate

/** When, with what and on what the figures were measured: without that they mean nothing. */
internal class Circumstances(private val options: Options, private val tools: Tools) {
    fun markdown(): String = """
        |# Results
        |
        |Measured on ${LocalDate.now()} by `$command`, which writes this page; what the
        |figures mean, and how they come about, is in [README.md](README.md).
        |
        |- Machine: $processor, ${Runtime.getRuntime().availableProcessors()} cores, $memory, $system.
        |- Java: ${System.getProperty("java.vm.name")} ${Runtime.version()}, servers in a JVM with `${options.jvm.joinToString(" ")}`.
        |- ${options.rounds} rounds of ${options.duration} after ${options.warmup} of warm-up, ${options.threads} load threads.
        |- A cell is the median of the rounds with the lowest and the highest. `${options.servers.first().name} : it` is that server's
        |  figure divided by the row's, round by round: above 1 is good for it where more is better, below 1 where less is.
        |- `c-epoll` does about the least that a server has to: where a server comes near it, the load generator is the limit.
        |
        || server | is |
        || --- | --- |
        |${options.servers.distinctBy { it.name }.joinToString("\n|") { "| `${it.name}` | ${version(it)} |" }}
        |
    """.trimMargin()

    private fun version(server: Contestant): String = try {
        server.version(tools)
    } catch (_: Unavailable) {
        "not there"
    }

    private val command: String
        get() = (listOf(COMMAND) + options.words).joinToString(" ") { word -> if (' ' in word && word != COMMAND) "\"$word\"" else word }

    private val processor: String
        get() = fact("/proc/cpuinfo", "model name") ?: System.getProperty("os.arch")

    private val memory: String
        get() = fact("/proc/meminfo", "MemTotal")?.removeSuffix(" kB")?.toLongOrNull()?.let { "${it / KIB_PER_GIB} GiB" }
            ?: "memory unknown"

    private val system: String
        get() = "${System.getProperty("os.name")} ${System.getProperty("os.version")}"

    private fun fact(file: String, name: String): String? {
        val path = Path.of(file)
        if (!Files.isReadable(path)) return null
        return Files.readAllLines(path).firstOrNull { it.startsWith(name) }?.substringAfter(':')?.trim()
    }

    private companion object {
        const val COMMAND = "java -jar samples/benchmarks/target/benchmarks.jar"
        const val KIB_PER_GIB = 1024 * 1024
    }
}
