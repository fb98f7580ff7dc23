package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Comparison
import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server
import io.hawser.benchmarks.report.Chart
import io.hawser.benchmarks.report.PercentileChart
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Files
import java.nio.file.Path
import org.HdrHistogram.Histogram

/** Times of messages that are sent when they are due, whatever has come back. */
internal object Latency : SideBySide("latency", "Latency at a fixed rate, open loop") {
    override val about: String = """
        Messages are sent when they are due, at a fixed rate in all, whatever has come back by then; the time of each counts from
        when it was due. So a server that stalls pays for every message that it kept waiting (no coordinated omission).
    """.trimIndent()
    override val service: String = "echo"
    override val cases: List<Case> = listOf(Case(64, 64, rate = 20_000), Case(64, 64, rate = 60_000))
    override val measures: List<Measure> = listOf(
        Measure.lower("p50_us", "p50 µs", 1),
        Measure.lower("p99_us", "p99 µs", 1),
        Measure.lower("p999_us", "p99.9 µs", 0),
        Measure.lower("max_us", "max µs", 0),
    )

    override fun measure(load: Load, server: Server, case: Case): Figures {
        val samples = Files.createTempFile("latency", ".samples")
        try {
            load.on(server, "paced", case, "samples=$samples")
            val histogram = read(samples)
            return Figures(
                mapOf(
                    "p50_us" to histogram.getValueAtPercentile(50.0) / NANOS_PER_MICRO,
                    "p99_us" to histogram.getValueAtPercentile(99.0) / NANOS_PER_MICRO,
                    "p999_us" to histogram.getValueAtPercentile(99.9) / NANOS_PER_MICRO,
                    "max_us" to histogram.maxValue / NANOS_PER_MICRO,
                ),
                histogram,
            )
        } finally {
            Files.delete(samples)
        }
    }

    override fun charts(comparisons: Map<Case, Comparison>): List<Chart> = comparisons.map { (case, comparison) ->
        PercentileChart("$name-${case.rate}.svg", "Latency, $case", comparison.latencies().mapValues { (_, rounds) -> percentiles(rounds) })
    }

    private fun read(samples: Path): Histogram {
        val histogram = Histogram(3)
        val nanos = ByteBuffer.wrap(Files.readAllBytes(samples)).order(ByteOrder.nativeOrder()).asLongBuffer()
        while (nanos.hasRemaining()) histogram.recordValue(nanos.get())
        return histogram
    }

    /** Points of the curve of all [rounds] together: 1 / (1 - quantile) against microseconds. */
    private fun percentiles(rounds: List<Histogram>): List<Pair<Double, Double>> {
        val all = Histogram(3)
        rounds.forEach(all::add)
        return all.percentiles(TICKS_PER_HALF).mapNotNull { step ->
            val rest = 1 - step.percentileLevelIteratedTo / 100
            if (rest <= 0) null else 1 / rest to step.valueIteratedTo / NANOS_PER_MICRO
        }
    }

    private const val NANOS_PER_MICRO = 1_000.0
    private const val TICKS_PER_HALF = 5
}
