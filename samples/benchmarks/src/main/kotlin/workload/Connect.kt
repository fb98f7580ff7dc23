package io.hawser.benchmarks.workload

/** Connects, has one byte echoed, closes, and begins again; the latency is that of all three. */
internal object Connect : Workload {
    override val name: String = "connect"
    override val connections: Int = 64
    override val bytes: Int = 1
    override val measures: List<Measure> = listOf(
        Measure("per_second", "connections/s", decimals = 0),
        Measure("p50_us", "p50 us", decimals = 1),
        Measure("p99_us", "p99 us", decimals = 1),
    )
}
