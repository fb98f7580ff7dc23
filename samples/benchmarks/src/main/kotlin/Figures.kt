package io.hawser.benchmarks

import org.HdrHistogram.Histogram

/** What one measurement gave, by name, and the [latencies] behind it where they were kept. */
internal data class Figures(private val values: Map<String, Double>, val latencies: Histogram? = null) {
    operator fun get(name: String): Double? = values[name]

    operator fun plus(others: Map<String, Double>): Figures = copy(values = values + others)

    companion object {
        /**
         * Reads `per_second=1200.5 p50_us=3.1`.
         *
         * @throws IllegalArgumentException for anything else.
         */
        fun parse(line: String): Figures = Figures(
            line.trim().split(' ').associate { word ->
                val number = requireNotNull(word.substringAfter('=', "").toDoubleOrNull()) { "not a line of figures: '$line'" }
                word.substringBefore('=') to number
            },
        )
    }
}
