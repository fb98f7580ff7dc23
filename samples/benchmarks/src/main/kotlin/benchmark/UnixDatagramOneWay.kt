package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server

/** Unix datagrams one way. None is lost: the sender waits. */
internal object UnixDatagramOneWay : SideBySide("unixgram-one-way", "Unix datagrams one way") {
    override val about: String = """
        One socket sends datagrams without a pause and waits while the server has not fetched those before. Shown is how many the
        server says it has got and counted, per second.
    """.trimIndent()
    override val service: String = "unixgram-sink"
    override val cases: List<Case> = listOf(64, 1_024, 8_192, 60_000).map { Case(1, it) }
    override val measures: List<Measure> = Measure.datagrams

    override fun measure(load: Load, server: Server, case: Case): Figures = load.on(server, "oneway", case)
}
