package io.hawser.benchmarks

import io.hawser.benchmarks.report.BarChart
import io.hawser.benchmarks.report.Circumstances
import io.hawser.benchmarks.report.PercentileChart
import io.hawser.benchmarks.report.Results
import io.hawser.benchmarks.report.Section
import io.hawser.benchmarks.report.Table
import io.hawser.benchmarks.server.JvmContestant
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith

internal class ResultsSpec : FunSpec({
    val processes = autoClose(Processes())
    val options = Options.parse(listOf("echo", "--servers", "hawser,ktor", "--jvm", "-Xmx64m -ea"))
    val circumstances = Circumstances(options, Tools(processes))

    test("a page says when, how and on what, and which server is which") {
        val lines = circumstances.markdown().lines()

        lines.first() shouldStartWith "# Results"
        circumstances.markdown() shouldContain "benchmarks.jar echo --servers hawser,ktor --jvm \"-Xmx64m -ea\"`"
        for (server in options.servers.filterIsInstance<JvmContestant>()) {
            lines shouldContain "| `${server.name}` | ${server.version(Tools(processes))} |"
        }
    }

    test("a page comes with its charts, which replace those of an earlier one") {
        val folder = tempdir()
        folder.resolve("charts").mkdir()
        folder.resolve("charts/old.svg").writeText("old")
        val bars = BarChart(
            "bars.svg",
            "Bars",
            "per second",
            listOf("1", "2"),
            mapOf(
                "hawser" to listOf(2.0, null),
                "ktor" to listOf(1.0, 3.0),
            ),
        )
        val curve = PercentileChart("curve.svg", "Curve", mapOf("hawser" to listOf(1.0 to 10.0, 10.0 to 20.0, 100.0 to 90.0)))
        val section =
            Section("Echo", "About it.", listOf(Table("One", listOf("server", "n"), listOf(listOf("hawser", "2")))), listOf(bars, curve))

        Results(circumstances, listOf(section)).writeTo(folder.toPath().resolve("RESULTS.md"))

        folder.resolve("RESULTS.md").readText() shouldContain "![Bars](charts/bars.svg)"
        folder.resolve("charts").list().orEmpty().toList() shouldContainExactlyInAnyOrder listOf("bars.svg", "curve.svg")
        folder.resolve("charts/bars.svg").readText() shouldContain "<svg"
    }
})
