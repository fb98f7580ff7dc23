package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server

/** Requests and answers by UDP. */
internal object UdpEcho : SideBySide("udp-echo", "Requests and answers by UDP, closed loop") {
    override val about: String = """
        Each socket sends a datagram, waits until it is back, and sends the next; one that is lost ends the run. The server has one
        socket, and answers each sender.
    """.trimIndent()
    override val service: String = "udp-echo"
    override val cases: List<Case> = listOf(Case(8, 64), Case(64, 64), Case(64, 1_400))
    override val quickCases: List<Case> = listOf(Case(8, 64))
    override val measures: List<Measure> = Measure.roundTrips

    override fun measure(load: Load, server: Server, case: Case): Figures = load.on(server, "echo", case)
}
