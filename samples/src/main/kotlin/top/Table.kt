package io.hawser.samples.top

/** A column of a table of [T]: the first one is a name on the left and takes what room there is, numbers stand on the right. */
internal class Column<T>(val title: String, val width: Int, val value: (T) -> String)

private const val SEPARATOR = 2

/** A name that is shorter than this tells nobody apart. */
private const val SHORTEST_NAME = 15

private const val LONGEST_NAME = 48

/** [rows] in no more than [width] columns, under a header: of the [columns] the last ones go where there is no room. */
internal fun <T> table(name: Column<T>, columns: List<Column<T>>, rows: List<T>, width: Int): List<Line> {
    var shown = columns
    while (shown.isNotEmpty() && shown.room() + SHORTEST_NAME > width) shown = shown.dropLast(1)
    val longest = (rows.map { columns(name.value(it)) } + columns(name.title)).max()
    val nameWidth = minOf(width - shown.room(), maxOf(longest, SHORTEST_NAME), LONGEST_NAME).coerceAtLeast(1)
    val header = row(nameWidth, shown, name.title, Style.Header) { it.title }
    // A terminal may have the style of the last column for the rest of the line.
    header.add(" ".repeat((width - header.width).coerceAtLeast(0)), Style.Header)
    return listOf(header) + rows.map { entry -> row(nameWidth, shown, name.value(entry)) { it.value(entry) } }
}

private fun <T> List<Column<T>>.room(): Int = sumOf { it.width + SEPARATOR }

private fun <T> row(
    nameWidth: Int,
    columns: List<Column<T>>,
    name: String,
    style: Style = Style.Plain,
    value: (Column<T>) -> String,
): Line {
    val text = shortened(name, nameWidth)
    val line = Line().add(text + " ".repeat(nameWidth - columns(text)), style)
    for (column in columns) line.add(" ".repeat(SEPARATOR) + value(column).padStart(column.width), style)
    return line
}
