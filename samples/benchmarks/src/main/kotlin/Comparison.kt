package io.hawser.benchmarks

import io.hawser.benchmarks.benchmark.Measure
import io.hawser.benchmarks.report.Table
import java.util.Locale
import org.HdrHistogram.Histogram

/**
 * What came out: per server the [kept] figures, one entry a round, and for each that [failed] the reason. The first server in [kept] is
 * the one that the others are compared with.
 */
internal class Comparison(
    private val measures: List<Measure>,
    private val kept: Map<String, List<Figures>>,
    val failed: Map<String, String>,
) {
    val servers: Set<String> get() = kept.keys

    fun median(server: String, measure: Measure): Double? = values(server, measure)?.let(::median)

    /** By server what each round kept. */
    fun latencies(): Map<String, List<Histogram>> = kept.mapValues { (_, rounds) -> rounds.mapNotNull(Figures::latencies) }

    /** A row a server: each measure, and behind it how many times the row's the reference's is. Null if there is no server. */
    fun table(caption: String): Table? {
        val reference = kept.keys.firstOrNull() ?: return null
        return Table(
            caption = caption,
            header = listOf("server") + measures.flatMap { listOf(it.title, "$reference : it") },
            rows = kept.keys.map { server -> listOf(server) + measures.flatMap { listOf(figure(server, it), ratio(server, it)) } },
        )
    }

    private fun figure(server: String, measure: Measure): String =
        values(server, measure)?.let { Spread.of(it).format(measure::format) } ?: Table.NOTHING

    private fun ratio(server: String, measure: Measure): String {
        val reference = kept.keys.first()
        if (server == reference) return ""
        val ours = values(reference, measure) ?: return Table.NOTHING
        val theirs = values(server, measure) ?: return Table.NOTHING
        val ratios = ratios(ours, theirs)
        return if (ratios.all(Double::isFinite)) Spread.of(ratios).format { "%.2f".format(Locale.ROOT, it) } else Table.NOTHING
    }

    /** One a round, or null if not every round has it. */
    private fun values(server: String, measure: Measure): List<Double>? {
        val rounds = kept[server] ?: return null
        return rounds.mapNotNull(measure::of).takeIf { it.isNotEmpty() && it.size == rounds.size }
    }
}
