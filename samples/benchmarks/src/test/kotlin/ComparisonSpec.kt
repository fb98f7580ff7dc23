package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Measure
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

internal class ComparisonSpec : FunSpec({
    fun rounds(vararg values: Int): List<Figures> = values.map { Figures(mapOf("per_second" to it.toDouble())) }
    val perSecond = Measure.higher("per_second", "round trips/s", decimals = 0)

    test("the table has a row for each server, and the first one's ratio to each of the others") {
        val comparison =
            Comparison(listOf(perSecond), mapOf("hawser" to rounds(2000, 3000, 1000), "ktor" to rounds(1000, 1000, 1000)), emptyMap())

        comparison.table("8 connections")?.markdown() shouldBe """
            **8 connections**

            | server |       round trips/s |      hawser : it |
            | ------ | ------------------: | ---------------: |
            | hawser | 2 000 (1 000–3 000) |                  |
            | ktor   |               1 000 | 2.00 (1.00–3.00) |

        """.trimIndent()
    }

    test("a figure that a server does not have is a dash, and so is its ratio") {
        val comparison = Comparison(listOf(perSecond), mapOf("hawser" to rounds(2), "ktor" to listOf(Figures(emptyMap()))), emptyMap())

        comparison.table("one")?.markdown()?.lines()?.first { "ktor" in it } shouldBe "| ktor   |             - |           - |"
    }

    test("where every server has failed there is no table") {
        Comparison(listOf(perSecond), emptyMap(), mapOf("ktor" to "cannot connect")).table("one") shouldBe null
    }

    test("the median of a server that has failed is not there to be drawn") {
        val comparison = Comparison(listOf(perSecond), mapOf("hawser" to rounds(1, 5, 2)), mapOf("ktor" to "cannot connect"))

        comparison.median("hawser", perSecond) shouldBe 2.0
        comparison.median("ktor", perSecond) shouldBe null
        comparison.servers shouldBe setOf("hawser")
    }
})
