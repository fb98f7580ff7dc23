package io.hawser.benchmarks.benchmark

/** Files, in each server's best way. */
internal object SendFile : SideBySide("file", "Files") {
    override val about: String = """
        For every byte that a connection sends the server answers with a whole file of 16 MiB, in the best way that it has; most of
        them have the kernel copy it (sendfile(2)).
    """.trimIndent()
    override val service: String = "file"
    override val cases: List<Case> = listOf(Case(1, fileSize), Case(8, fileSize))
    override val measures: List<Measure> = Measure.throughput
    override val fileSize: Int get() = 16 * 1024 * 1024
}
