package io.hawser.benchmarks.report

import java.util.Locale
import org.knowm.xchart.XYChart
import org.knowm.xchart.XYChartBuilder
import org.knowm.xchart.style.markers.SeriesMarkers

/** How long the slow ones take: [curves] have, for each server, points of 1 / (1 - quantile) against microseconds. */
internal class PercentileChart(file: String, title: String, private val curves: Map<String, List<Pair<Double, Double>>>) :
    Chart(file, title) {
    override fun draw(): XYChart {
        val chart = XYChartBuilder().width(WIDTH).height(HEIGHT).title(title).xAxisTitle("percentile").yAxisTitle("µs").build()
        with(chart.styler) {
            plain(curves.keys)
            setXAxisLogarithmic(true)
            setXAxisLogarithmicDecadeOnly(true)
            setYAxisLogarithmic(true)
            setYAxisDecimalPattern("#,###")
            setxAxisTickLabelsFormattingFunction(::percentile)
        }
        for ((server, points) in curves) {
            if (points.isEmpty()) continue
            chart.addSeries(server, points.map { it.first }, points.map { it.second }).marker = SeriesMarkers.NONE
        }
        return chart
    }

    /** `1 / (1 - quantile)` of 1, 10, 100, 1000 as 0, 90, 99, 99.9 */
    private fun percentile(
        inverse: Double,
    ): String = "%.4f".format(Locale.ROOT, PERCENT * (1 - 1 / inverse)).trimEnd('0').trimEnd('.')

    private companion object {
        const val PERCENT = 100
    }
}
