package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Cores
import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server

/** Each connection sends a message, waits until all of it is back, and sends the next. */
internal object Echo : SideBySide("echo", "Echo, closed loop") {
    override val about: String = """
        Each connection sends a message, waits until all of it is back, and sends the next. Shown are round trips per second in all,
        and the median and the 99th percentile of their times. With fewer connections than cores, server and load have cores of their
        own: else it is chance whether the kernel has them take turns on one.
    """.trimIndent()
    override val service: String = "echo"
    override val cases: List<Case> = listOf(64, 1024, 16 * 1024).flatMap { bytes -> listOf(1, 8, 64, 512).map { Case(it, bytes) } }
    override val quickCases: List<Case> = listOf(Case(1, 64), Case(64, 64))
    override val measures: List<Measure> = Measure.roundTrips

    override fun measure(load: Load, server: Server, case: Case): Figures {
        if (case.connections >= Cores.all.count) return super.measure(load, server, case)
        val (servers, loads) = Cores.all.split(case.connections)
        return server.on(servers) { super.measure(load.confinedTo(loads), server, case) }
    }
}
