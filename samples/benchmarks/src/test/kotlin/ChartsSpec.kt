package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Connect
import io.hawser.benchmarks.benchmark.Latency
import io.hawser.benchmarks.benchmark.SideBySide
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir

internal class ChartsSpec : FunSpec({
    val folder = tempdir().toPath()

    for (benchmark in listOf<SideBySide>(Connect, Latency)) {
        test("the charts of ${benchmark.name} are drawn where every server has failed") {
            val failed = Comparison(benchmark.measures, emptyMap(), mapOf("hawser" to "cannot connect"))

            benchmark.charts(benchmark.cases.associateWith { failed }).forEach { it.writeTo(folder) }
        }
    }
})
