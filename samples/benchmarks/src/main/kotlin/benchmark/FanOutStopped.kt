package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.LoadFailed
import io.hawser.benchmarks.Server
import io.hawser.benchmarks.server.FAN_OUT
import kotlin.time.Duration.Companion.seconds

/** [FanOut] at a rate, with a subscriber that does not read and without. */
internal object FanOutStopped : SideBySide("fan-out-stopped", "Messages to many subscribers, one of them stopped") {
    override val about: String = """
        Messages are published when they are due, and the time of each delivery counts from then. Every server does it twice: all
        subscribers read, or one does not, and has been sent 2 048 messages by then, which is more than the system keeps for it. The
        gate is 1.5 for the ratio of both.
    """.trimIndent()
    override val service: String = FAN_OUT
    override val cases: List<Case> = listOf(Case(1_000, 100, rate = 50))
    override val quickCases: List<Case> = listOf(Case(100, 100, rate = 100))
    override val measures: List<Measure> = listOf(
        Measure.lower("stopped_p99_us", "p99 µs, one stopped", 0),
        Measure.lower("p99_us", "p99 µs, none", 0),
        Measure.lower("stopped_ratio", "one stopped : none", 2),
    )

    override fun measure(load: Load, server: Server, case: Case): Figures {
        val longer = load.lasting(LEAST)
        val none = longer.on(server, "fanout", case)
        val stopped = longer.on(server, "fanout", case, "stopped=1")
        val p99 = none["p99_us"] ?: throw LoadFailed("nothing was delivered in the measured time")
        val stoppedP99 = stopped["p99_us"] ?: throw LoadFailed("nothing was delivered in the measured time, with one stopped")
        return Figures(mapOf("p99_us" to p99, "stopped_p99_us" to stoppedP99, "stopped_ratio" to stoppedP99 / p99))
    }

    /** With fewer messages the 99th percentile would be the slowest one. */
    private val LEAST = 2.seconds
}
