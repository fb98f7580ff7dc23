package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Comparison
import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server
import io.hawser.benchmarks.Session
import io.hawser.benchmarks.Tools
import io.hawser.benchmarks.Unavailable
import io.hawser.benchmarks.compare
import io.hawser.benchmarks.report.BarChart
import io.hawser.benchmarks.report.Chart
import io.hawser.benchmarks.report.Section
import io.hawser.benchmarks.server.Contestant
import java.nio.file.Path

/** Servers that do the same work in turn, each a process of its own that is up during all rounds. */
internal sealed class SideBySide(final override val name: String, final override val title: String) : Benchmark {
    /** What the servers are started to do. */
    abstract val service: String

    abstract val cases: List<Case>

    /** What a quick run is content with. */
    open val quickCases: List<Case> get() = cases.take(1)

    /** The first one is drawn, and is what rounds show while they run. */
    abstract val measures: List<Measure>

    /** How many bytes the file has that the servers are given. */
    open val fileSize: Int get() = 1024

    /** @throws Unavailable if this machine cannot make it. */
    open fun file(tools: Tools): Path = tools.file(fileSize)

    /** Whether each measurement is to have a server of its own that has done nothing before. */
    open val startsAfresh: Boolean get() = false

    /** @throws io.hawser.benchmarks.LoadFailed if [server] did not stand the load. */
    open fun measure(load: Load, server: Server, case: Case): Figures = load.on(server, name, case)

    open fun charts(comparisons: Map<Case, Comparison>): List<Chart> {
        // There is no drawing nothing.
        val bySize = comparisons.filterValues { it.servers.isNotEmpty() }.entries.groupBy { (case, _) -> case.bytes }
        return bySize.map { (bytes, cases) ->
            val suffix = if (bySize.size == 1) "" else "-$bytes"
            BarChart(
                file = "$name$suffix.svg",
                title = "$title, ${Case.size(bytes)}",
                yTitle = measures.first().title,
                groups = cases.map { (case, _) -> case.copy(bytes = 0).toString().replace(", 0 B", "") },
                series = cases.flatMap { (_, comparison) -> comparison.servers }.distinct().associateWith { server ->
                    cases.map { (_, comparison) -> comparison.median(server, measures.first()) }
                },
            )
        }
    }

    final override fun run(session: Session): Section {
        val wanted = session.options.servers.filter { service in it.services }
        val file = file(session.tools)
        val leftOut = LinkedHashMap<Contestant, String>()
        val servers = wanted.mapNotNull { contestant ->
            try {
                session.start(contestant, service, file).also { if (startsAfresh) it.close() }
            } catch (e: Unavailable) {
                leftOut[contestant] = e.message
                println("${contestant.name} is left out: ${e.message}")
                null
            }
        }
        if (servers.isEmpty()) throw Unavailable("$name: no server could be started")
        try {
            val cases = (if (session.options.quick) quickCases else cases).map { it.with(session.options) }.distinct()
            val comparisons = cases.associateWith { case ->
                println("\n$name: $case")
                val contestants = servers.map(Server::contestant)
                compare(contestants, measures, session.options.rounds, !startsAfresh, session.processes::checkOpen) { round, contestant ->
                    val load = if (startsAfresh || (round == 0 && case == cases.first())) session.firstLoad else session.load
                    val server = if (startsAfresh) null else servers.first { it.contestant === contestant }
                    if (server != null) {
                        measure(load, server, case)
                    } else {
                        session.start(contestant, service, file).use { measure(load, it, case) }
                    }
                }
            }
            return Section(
                title = title,
                about = about,
                tables = comparisons.mapNotNull { (case, comparison) -> comparison.table(case.toString()) },
                charts = charts(comparisons),
                notes = leftOut.map { (contestant, reason) -> "${contestant.name} was left out: $reason" } +
                    comparisons.flatMap { (case, comparison) ->
                        comparison.failed.map { (server, why) -> "$server failed at $case: $why" }
                    },
                failed = comparisons.values.any { it.failed.isNotEmpty() },
            )
        } finally {
            servers.forEach(Server::close)
        }
    }
}
