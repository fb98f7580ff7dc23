package io.hawser.benchmarks.benchmark

/** Short connections. */
internal object Connect : SideBySide("connect", "Connections that come and go") {
    override val about: String = """
        64 at a time connect, have one byte echoed, close, and begin again. The times are those of all three together.
    """.trimIndent()
    override val service: String = "echo"
    override val cases: List<Case> = listOf(Case(64, 1))
    override val measures: List<Measure> = listOf(Measure.higher("per_second", "connections/s", 0)) + Measure.roundTrips.drop(1)
}
