package io.hawser.benchmarks.benchmark

/** Each connection sends a message, waits until all of it is back, and sends the next. */
internal object Echo : SideBySide("echo", "Echo, closed loop") {
    override val about: String = """
        Each connection sends a message, waits until all of it is back, and sends the next. Shown are round trips per second in all,
        and the median and the 99th percentile of their times.
    """.trimIndent()
    override val service: String = "echo"
    override val cases: List<Case> = listOf(64, 1024, 16 * 1024).flatMap { bytes -> listOf(1, 8, 64, 512).map { Case(it, bytes) } }
    override val quickCases: List<Case> = listOf(Case(1, 64), Case(64, 64))
    override val measures: List<Measure> = Measure.roundTrips
}
