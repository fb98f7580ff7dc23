package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server
import io.hawser.benchmarks.server.Nats
import io.hawser.benchmarks.server.UPLOAD

/** Long requests through a broker. */
internal object BrokerStream : SideBySide("broker-stream", "Long requests through a broker") {
    override val about: String = """
        Each asker sends a body in pieces of 64 KiB, is told how long it was and its checksum, and sends the next. Through the broker each
        byte goes over two connections, as it does where it is echoed without one (`hawser-raw-echo`); one way without a broker
        (`hawser-raw-push`) it is one. NATS has it in a message, and none of a GiB. The gate is half of the raw echo in every case.
    """.trimIndent()
    override val service: String = UPLOAD
    override val cases: List<Case> = listOf(Case(1, MIB, called = "asker"), Case(8, MIB, called = "asker"), Case(1, GIB, called = "asker"))
    override val quickCases: List<Case> = cases.take(1)
    override val measures: List<Measure> = Measure.throughput

    override fun measure(load: Load, server: Server, case: Case): Figures =
        if (server.contestant === Nats && case.bytes > MIB) Figures(emptyMap()) else load.by(server, case)

    private const val MIB = 1 shl 20
    private const val GIB = 1 shl 30
}
