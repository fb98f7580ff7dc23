package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Session
import io.hawser.benchmarks.Unavailable
import io.hawser.benchmarks.inside.InsideRow
import io.hawser.benchmarks.inside.measureInside
import io.hawser.benchmarks.report.Section
import io.hawser.benchmarks.report.Table
import java.util.Locale
import org.openjdk.jmh.runner.RunnerException

/** What Hawser's own parts cost, without peers. */
internal object InOneProcess : Benchmark {
    override val name: String = "inside"
    override val title: String = "Inside one process"
    override val about: String = """
        Parts of Hawser by themselves, measured by JMH: the time of an operation with the half width of its 99.9 % interval, and the
        bytes that an operation allocates.
    """.trimIndent()

    override fun run(session: Session): Section {
        println("\n$name: JMH")
        val rows = try {
            measureInside(session.options.quick, session.options.jvm, only = null, session.tools.logs.resolve("$name.log"))
        } catch (e: RunnerException) {
            throw Unavailable("${e.message}")
        }
        return Section(
            title = title,
            about = about,
            tables = rows.groupBy(InsideRow::group).map { (group, parts) ->
                Table(group, listOf("operation", "ns", "±", "B"), parts.map(::cells))
            },
        )
    }

    private fun cells(row: InsideRow): List<String> =
        listOf(row.benchmark) +
            listOf(row.nanos, row.error, row.bytes).map { if (it.isNaN()) Table.NOTHING else "%.1f".format(Locale.ROOT, it) }
}
