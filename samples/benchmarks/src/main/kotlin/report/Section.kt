package io.hawser.benchmarks.report

/** What a benchmark found. */
internal class Section(
    private val title: String,
    private val about: String,
    private val tables: List<Table>,
    val charts: List<Chart> = emptyList(),
    private val notes: List<String> = emptyList(),
    /** Whether something that could be measured failed. */
    val failed: Boolean = false,
) {
    /** Links to charts go to the folder [charts]. */
    fun markdown(folder: String): String = buildString {
        appendLine("## $title")
        appendLine()
        appendLine(about)
        for (chart in charts) {
            appendLine()
            appendLine("![${chart.title}]($folder/${chart.file})")
        }
        for (table in tables) {
            appendLine()
            append(table.markdown())
        }
        for (note in notes) {
            appendLine()
            appendLine("- $note")
        }
    }
}
