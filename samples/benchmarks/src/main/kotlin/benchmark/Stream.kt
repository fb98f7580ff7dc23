package io.hawser.benchmarks.benchmark

/** Each connection writes without a pause and reads what comes back. */
internal object Stream : SideBySide("stream", "Echoed stream") {
    override val about: String = """
        Each connection writes 64 KiB at a time without a pause. Shown are the bytes that
        came back, in GB (10^9) per second.
    """.trimIndent()
    override val service: String = "echo"
    override val cases: List<Case> = listOf(Case(1, 64 * 1024), Case(8, 64 * 1024))
    override val measures: List<Measure> = Measure.throughput
}
