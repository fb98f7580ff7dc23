package io.hawser.benchmarks

import io.hawser.benchmarks.workload.Measure

/**
 * What came out: per server the [kept] figures, one entry a round, and for each that [failed] the reason. The first server in [kept] is
 * the one that the others are compared with.
 */
internal class Comparison(
    private val measures: List<Measure>,
    private val kept: Map<String, List<Figures>>,
    val failed: Map<String, String>,
) {
    /** One table for each measure, and a line for each server that failed. */
    fun render(): String = buildString {
        if (kept.isNotEmpty()) {
            for (measure in measures) {
                appendLine()
                append(table(measure))
            }
        }
        for ((server, reason) in failed) appendLine("\n$server failed: $reason")
    }

    private fun table(measure: Measure): String {
        val (reference, ours) = kept.mapValues { (_, rounds) -> rounds.map(measure::of) }.entries.first()
        val rows = kept.map { (server, rounds) ->
            val theirs = rounds.map(measure::of)
            val ratio = if (server == reference) "" else Spread.of(ratios(ours, theirs)).format(decimals = 2)
            val spread = Spread.of(theirs)
            listOf(server, measure.format(spread.median), measure.format(spread.min), measure.format(spread.max), ratio)
        }
        return alignedTable(listOf(measure.title, "median", "min", "max", "$reference : it, median (min..max)"), rows)
    }
}
