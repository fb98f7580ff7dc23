package io.hawser.benchmarks.report

import java.util.Locale
import kotlin.math.floor
import kotlin.math.log10
import kotlin.math.pow
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
            setYAxisLogarithmic(true)
            setYAxisDecimalPattern("#,###")
            setxAxisTickLabelsFormattingFunction(::label)
        }
        for ((server, points) in curves) {
            if (points.isEmpty()) continue
            chart.addSeries(server, points.map { log10(it.first) }, points.map { it.second }).marker = SeriesMarkers.NONE
        }
        return chart
    }

    companion object {
        private const val PERCENT = 100

        /** 0, 1, 2, 3 nines as 0, 90, 99, 99.9, and nothing between them: the library's logarithmic axis has no such places. */
        fun label(nines: Double): String {
            if (nines != floor(nines)) return ""
            return "%.4f".format(Locale.ROOT, PERCENT * (1 - 10.0.pow(-nines))).trimEnd('0').trimEnd('.')
        }
    }
}
