package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server
import kotlin.time.Duration.Companion.seconds

/** What connections cost that do nothing. */
internal object Idle : SideBySide("idle", "Idle connections") {
    override val about: String = """
        Many connections have one message echoed each and then are left alone. What a connection costs is the growth of the server's
        heap, direct memory and resident set since before the first of them, each after collections of garbage; what the kernel
        keeps for it is not in there. CPU is what the server uses while nothing comes, in percent of one core. In the end all are
        used again at once; one that is lost fails the server.
    """.trimIndent()
    override val service: String = "echo"
    override val cases: List<Case> = listOf(Case(10_000, 64))
    override val quickCases: List<Case> = listOf(Case(1_000, 64))
    override val startsAfresh: Boolean get() = true
    override val measures: List<Measure> = listOf(
        Measure.lower("rss_bytes", "RSS B/connection", 0),
        Measure.lower("heap_bytes", "heap B/connection", 0),
        Measure.lower("direct_bytes", "direct B/connection", 0),
        Measure.lower("idle_cpu_percent", "idle CPU %", 2),
        Measure.lower("all_ms", "all used again, ms", 0),
    )

    override fun measure(load: Load, server: Server, case: Case): Figures {
        // What is loaded and compiled only once is not the connections'.
        load.on(server, "echo", WARM_UP)
        val before = server.memory()
        load.start(server, name, case).use { idle ->
            idle.awaitLine("opened")
            val growth = server.memory().since(before, case.connections)
            // The collections, and what they had the JVM compile, are not the connections' either.
            Thread.sleep(SETTLING.inWholeMilliseconds)
            val cpuBefore = server.cpuNanos()
            val began = System.nanoTime()
            Thread.sleep(maxOf(load.duration, LEAST).inWholeMilliseconds)
            val cpu = (server.cpuNanos() - cpuBefore) * 100.0 / (System.nanoTime() - began)
            idle.goOn()
            return idle.figures() + growth + mapOf("idle_cpu_percent" to cpu)
        }
    }

    private val WARM_UP = Case(64, 64)
    private val SETTLING = 1.seconds

    /** How long nothing comes. */
    private val LEAST = 2.seconds
}
