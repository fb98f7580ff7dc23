package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server

/** UDP one way, more than anybody can take. */
internal object UdpOneWay : SideBySide("udp-one-way", "UDP one way") {
    override val about: String = """
        One socket sends datagrams without a pause, whether they arrive or not. Shown is how many the server says it has got and
        counted, per second: the others the kernel dropped, because it did not fetch them fast enough.
    """.trimIndent()
    override val service: String = "udp-sink"
    override val cases: List<Case> = listOf(Case(1, 64), Case(1, 1_400))
    override val measures: List<Measure> = Measure.datagrams

    override fun measure(load: Load, server: Server, case: Case): Figures = load.on(server, "oneway", case)
}
