package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server
import io.hawser.benchmarks.server.BOTH_WAYS

/** Long requests and replies through a broker. */
internal object BrokerEcho : SideBySide("broker-echo", "Long requests through a broker, and back") {
    override val about: String = """
        Each asker sends a body in pieces of 64 KiB, which comes back as the reply while it is still sent. Through the broker each byte goes
        over four connections, and without one over two: half of that is about as much as there can be.
    """.trimIndent()
    override val service: String = BOTH_WAYS
    override val cases: List<Case> = BrokerStream.cases
    override val quickCases: List<Case> = BrokerStream.quickCases
    override val measures: List<Measure> = Measure.throughput

    override fun measure(load: Load, server: Server, case: Case): Figures = load.by(server, case)
}
