package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Connect
import io.hawser.benchmarks.benchmark.Latency
import io.hawser.benchmarks.benchmark.SideBySide
import io.hawser.benchmarks.report.PercentileChart
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import kotlin.io.path.readText
import kotlin.math.pow

internal class ChartsSpec : FunSpec({
    val folder = tempdir().toPath()

    for (benchmark in listOf<SideBySide>(Connect, Latency)) {
        test("the charts of ${benchmark.name} are drawn where every server has failed") {
            val failed = Comparison(benchmark.measures, emptyMap(), mapOf("hawser" to "cannot connect"))

            benchmark.charts(benchmark.cases.associateWith { failed }).forEach { it.writeTo(folder) }
        }
    }

    test("the axis of percentiles has a place for each nine") {
        val points = List(51) { 10.0.pow(it / 10.0) to 10.0 + it }

        PercentileChart("nines.svg", "Latency", mapOf("hawser" to points)).writeTo(folder)

        val labels = Regex(">([^<>]+)<").findAll(folder.resolve("nines.svg").readText()).map { it.groupValues[1] }.toList()
        labels shouldContainAll listOf("0", "90", "99", "99.9", "99.99", "99.999")
        labels.filter { "Infinity" in it } shouldBe emptyList()
    }
})
