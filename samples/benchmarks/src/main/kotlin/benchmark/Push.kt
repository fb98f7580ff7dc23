package io.hawser.benchmarks.benchmark

/** A stream one way, into the server. */
internal object Push : SideBySide("push", "Stream to the server") {
    override val about: String = """
        Each connection writes 64 KiB at a time without a pause; the server reads and throws away, and says at the end how many
        bytes it got.
    """.trimIndent()
    override val service: String = "sink"
    override val cases: List<Case> = listOf(Case(1, 64 * 1024), Case(8, 64 * 1024))
    override val measures: List<Measure> = Measure.throughput
}
