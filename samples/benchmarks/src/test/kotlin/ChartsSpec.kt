package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Connect
import io.hawser.benchmarks.benchmark.Latency
import io.hawser.benchmarks.benchmark.SideBySide
import io.hawser.benchmarks.report.PercentileChart
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe

internal class ChartsSpec : FunSpec({
    val folder = tempdir().toPath()

    for (benchmark in listOf<SideBySide>(Connect, Latency)) {
        test("the charts of ${benchmark.name} are drawn where every server has failed") {
            val failed = Comparison(benchmark.measures, emptyMap(), mapOf("hawser" to "cannot connect"))

            benchmark.charts(benchmark.cases.associateWith { failed }).forEach { it.writeTo(folder) }
        }
    }

    test("the axis of percentiles has a label for each nine, and none between") {
        listOf(0.0, 1.0, 2.0, 2.5, 3.0, 5.0).map(PercentileChart::label) shouldBe listOf("0", "90", "99", "", "99.9", "99.999")
    }
})
