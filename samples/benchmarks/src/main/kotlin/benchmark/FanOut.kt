package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server
import io.hawser.benchmarks.server.FAN_OUT

/** Messages from one to many. */
internal object FanOut : SideBySide("fan-out", "Messages to many subscribers") {
    override val about: String = """
        Every connection subscribes, and all get every message, in order: up to 128 messages, or 160 KiB of them, are on their way at a
        time, and more are published as half of them have arrived everywhere. Shown is how many arrive in all, per second. A client
        for the JVM publishes to the brokers, and who broadcasts by Hawser's hub is in its own process; the subscribers are the load
        generator's, which speaks each one's protocol. The gate is 0.9 of the better broker in every case.
    """.trimIndent()
    override val service: String = FAN_OUT
    override val cases: List<Case> = listOf(100, 10 * 1024).flatMap { bytes -> listOf(1, 10, 100, 1_000).map { Case(it, bytes) } }
    override val quickCases: List<Case> = listOf(Case(100, 100))
    override val measures: List<Measure> = listOf(Measure.higher("per_second", "deliveries/s", 0))

    override fun measure(load: Load, server: Server, case: Case): Figures = load.on(server, "fanout", case)
}
