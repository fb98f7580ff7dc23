package io.hawser.benchmarks

import io.hawser.benchmarks.workload.Measure
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

internal class ComparisonSpec : FunSpec({
    fun rounds(vararg values: Int): List<Figures> = values.map { Figures(mapOf("per_second" to it.toDouble())) }
    val measures = listOf(Measure("per_second", "round trips/s", decimals = 0))

    test("the table has a row for each server, and the first one's ratio to each of the others") {
        val comparison =
            Comparison(measures, mapOf("hawser" to rounds(200, 300, 100), "ktor" to rounds(100, 100, 100)), failed = emptyMap())

        comparison.render() shouldBe """

            round trips/s  median  min  max  hawser : it, median (min..max)
            hawser            200  100  300
            ktor              100  100  100  2.00 (1.00..3.00)

        """.trimIndent()
    }

    test("a server that failed has a line with the reason instead of a row") {
        val comparison = Comparison(measures, mapOf("hawser" to rounds(200)), failed = mapOf("ktor" to "cannot connect"))

        comparison.render() shouldBe """

            round trips/s  median  min  max  hawser : it, median (min..max)
            hawser            200  200  200

            ktor failed: cannot connect

        """.trimIndent()
    }
})
