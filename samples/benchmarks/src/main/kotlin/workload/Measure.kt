package io.hawser.benchmarks.workload

import io.hawser.benchmarks.Figures
import java.util.Locale

/** How the figure [key] of the load generator is shown. */
internal class Measure(private val key: String, val title: String, private val decimals: Int) {
    fun of(figures: Figures): Double = figures[key]

    fun format(value: Double): String = "%.${decimals}f".format(Locale.ROOT, value)

    fun format(figures: Figures): String = format(of(figures))
}
