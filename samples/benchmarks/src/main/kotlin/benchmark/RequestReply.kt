package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server
import io.hawser.benchmarks.server.REQUEST_REPLY

/** Requests and replies through a broker. */
internal object RequestReply : SideBySide("request-reply", "Requests and replies through a broker") {
    override val about: String = """
        Each asker sends a request, waits until all of it has come back as its reply, which it compares, and sends the next. Who asks, who
        answers and the broker are a process each; clients for the JVM ask and answer, all askers by one connection, but those of
        `hawser-pool` by ten. The gate is 0.9 of NATS in every case.
    """.trimIndent()
    override val service: String = REQUEST_REPLY
    override val cases: List<Case> =
        listOf(64, 1024, 10 * 1024).flatMap { bytes -> listOf(1, 10, 100).map { Case(it, bytes, called = "asker") } }
    override val quickCases: List<Case> = listOf(Case(10, 64, called = "asker"))
    override val measures: List<Measure> = Measure.roundTrips

    override fun measure(load: Load, server: Server, case: Case): Figures = load.by(server, case)
}
