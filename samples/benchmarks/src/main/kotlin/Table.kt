package io.hawser.benchmarks

/** [header] and [rows] as lines of text: the first and the last column to the left, the numbers between them to the right. */
internal fun alignedTable(header: List<String>, rows: List<List<String>>): String {
    val widths = header.indices.map { column -> (rows + listOf(header)).maxOf { it[column].length } }
    return (listOf(header) + rows).joinToString(separator = "") { row ->
        val cells = row.mapIndexed { column, cell ->
            if (column == 0 || column == header.lastIndex) cell.padEnd(widths[column]) else cell.padStart(widths[column])
        }
        cells.joinToString("  ").trimEnd() + "\n"
    }
}
