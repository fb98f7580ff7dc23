package io.hawser.benchmarks.report

/** A table under a [caption]: the first column is text, the others are figures. */
internal class Table(private val caption: String, private val header: List<String>, private val rows: List<List<String>>) {
    /** Markdown whose columns line up, so that it is a table in a terminal too. */
    fun markdown(): String = buildString {
        appendLine("**$caption**")
        appendLine()
        val widths = header.indices.map { column -> maxOf((rows + listOf(header)).maxOf { it[column].length }, MIN_WIDTH) }
        appendLine(line(header, widths))
        appendLine(
            widths.indices.joinToString(" | ", "| ", " |") {
                if (it ==
                    0
                ) {
                    "-".repeat(widths[it])
                } else {
                    "-".repeat(widths[it] - 1) + ":"
                }
            },
        )
        rows.forEach { appendLine(line(it, widths)) }
    }

    private fun line(cells: List<String>, widths: List<Int>): String = cells.indices.joinToString(" | ", "| ", " |") { column ->
        if (column == 0) cells[column].padEnd(widths[column]) else cells[column].padStart(widths[column])
    }

    companion object {
        /** For a figure that a server does not have. */
        const val NOTHING: String = "-"
        private const val MIN_WIDTH = 3
    }
}
