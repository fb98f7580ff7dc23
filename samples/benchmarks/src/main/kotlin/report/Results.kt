package io.hawser.benchmarks.report

import java.nio.file.Path
import kotlin.io.path.createDirectories
import kotlin.io.path.deleteExisting
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.writeText

/** The page that a run leaves behind: [circumstances] first, then a section for each benchmark. */
internal class Results(private val circumstances: Circumstances, private val sections: List<Section>) {
    /** Writes the page to [file] and its charts, in place of earlier ones, to a folder beside it. */
    fun writeTo(file: Path) {
        file.writeText(markdown())
        val folder = file.resolveSibling(CHARTS).createDirectories()
        folder.listDirectoryEntries("*.svg").forEach(Path::deleteExisting)
        sections.flatMap(Section::charts).forEach { it.writeTo(folder) }
    }

    private fun markdown(): String = (listOf(circumstances.markdown()) + sections.map { it.markdown(CHARTS) }).joinToString("\n")

    private companion object {
        const val CHARTS = "charts"
    }
}
