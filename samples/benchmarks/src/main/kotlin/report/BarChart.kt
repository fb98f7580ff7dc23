package io.hawser.benchmarks.report

import org.knowm.xchart.CategoryChart
import org.knowm.xchart.CategoryChartBuilder

/** A bar for each server in each of the [groups]; [series] has a value for each group, or null where a server failed. */
internal class BarChart(
    file: String,
    title: String,
    private val yTitle: String,
    private val groups: List<String>,
    private val series: Map<String, List<Double?>>,
) : Chart(file, title) {
    override fun draw(): CategoryChart {
        val chart = CategoryChartBuilder().width(WIDTH).height(HEIGHT).title(title).yAxisTitle(yTitle).build()
        with(chart.styler) {
            plain(series.keys)
            setAvailableSpaceFill(FILL)
            setYAxisDecimalPattern(if (series.values.flatten().all { it == null || it >= MANY }) "#,###" else "#,##0.###")
        }
        series.forEach { (server, values) -> chart.addSeries(server, groups, values.map { it ?: 0.0 }) }
        return chart
    }

    private companion object {
        const val FILL = 0.9
        const val MANY = 10
    }
}
