package io.hawser.benchmarks.workload

/** Each connection sends a message, waits until all of it is back, and sends the next. */
internal object Echo : Workload {
    override val name: String = "echo"
    override val connections: Int = 64
    override val bytes: Int = 64
    override val measures: List<Measure> = listOf(
        Measure("per_second", "round trips/s", decimals = 0),
        Measure("p50_us", "p50 us", decimals = 1),
        Measure("p99_us", "p99 us", decimals = 1),
    )
}
