package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Session
import io.hawser.benchmarks.objectsOf
import io.hawser.benchmarks.report.Section

/** Something that is measured and has a section in the results. Each is an object in a file of its own. */
internal sealed interface Benchmark {
    /** What the command line and the files of its charts call it. */
    val name: String

    /** The heading of its section. */
    val title: String

    /** What happens, and what the figures are; Markdown. */
    val about: String

    /** @throws io.hawser.benchmarks.Unavailable if nothing of it can be measured here. */
    fun run(session: Session): Section

    companion object {
        val all: List<Benchmark> by lazy { objectsOf(Benchmark::class.java).sortedBy(Benchmark::name) }
    }
}
