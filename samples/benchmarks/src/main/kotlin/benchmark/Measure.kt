package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import java.util.Locale

/** How the figure [key] is shown. Not every server has every figure. */
internal class Measure(private val key: String, val title: String, private val decimals: Int, val better: Better) {
    enum class Better { HIGHER, LOWER }

    fun of(figures: Figures): Double? = figures[key]

    fun format(value: Double): String {
        val number = "%.${decimals}f".format(Locale.ROOT, value)
        return if (decimals == 0) number.reversed().chunked(3).joinToString(" ").reversed().replace("- ", "-") else number
    }

    companion object {
        fun higher(key: String, title: String, decimals: Int): Measure = Measure(key, title, decimals, Better.HIGHER)

        fun lower(key: String, title: String, decimals: Int): Measure = Measure(key, title, decimals, Better.LOWER)

        /** What closed loops are measured by. */
        val roundTrips: List<Measure> =
            listOf(higher("per_second", "round trips/s", 0), lower("p50_us", "p50 µs", 1), lower("p99_us", "p99 µs", 1))

        /** What goes one way in messages is measured by. */
        val datagrams: List<Measure> = listOf(higher("per_second", "datagrams/s", 0), higher("gb_per_second", "GB/s", 2))

        val throughput: List<Measure> = listOf(higher("gb_per_second", "GB/s", 2))
    }
}
