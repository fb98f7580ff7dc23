package io.hawser.benchmarks.benchmark

/** A stream one way, out of the server. */
internal object Pull : SideBySide("pull", "Stream from the server") {
    override val about: String = """
        The server writes 64 KiB at a time from its memory without a pause; each connection reads and compares.
    """.trimIndent()
    override val service: String = "source"
    override val cases: List<Case> = listOf(Case(1, 64 * 1024), Case(8, 64 * 1024))
    override val measures: List<Measure> = Measure.throughput
    override val fileSize: Int = 1024 * 1024
}
