package io.hawser.benchmarks.workload

/** Each connection writes without a pause and reads what comes back. */
internal object Stream : Workload {
    override val name: String = "stream"
    override val connections: Int = 1
    override val bytes: Int = 64 * 1024
    override val measures: List<Measure> = listOf(Measure("gb_per_second", "echoed GB/s", decimals = 3))
}
