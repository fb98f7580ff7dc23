package io.hawser.benchmarks.report

import java.awt.BasicStroke
import java.awt.Color
import java.awt.Font
import java.awt.Font.BOLD
import java.awt.Font.PLAIN
import java.awt.Font.SANS_SERIF
import java.nio.file.Path
import org.knowm.xchart.VectorGraphicsEncoder
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat.SVG
import org.knowm.xchart.style.AxesChartStyler
import org.knowm.xchart.style.Styler.LegendPosition.OutsideE

private typealias Drawing = org.knowm.xchart.internal.chartpart.Chart<*, *>

/** A picture, to be written as SVG to the file called [file]. */
internal sealed class Chart(val file: String, val title: String) {
    protected abstract fun draw(): Drawing

    fun writeTo(folder: Path): Unit = VectorGraphicsEncoder.saveVectorGraphic(draw(), "${folder.resolve(file)}", SVG)

    protected fun AxesChartStyler.plain(servers: Collection<String>) {
        setLegendPosition(OutsideE)
        setLegendBorderColor(Color.WHITE)
        setLegendFont(Font(SANS_SERIF, PLAIN, TEXT))
        setChartBackgroundColor(Color.WHITE)
        setChartTitleFont(Font(SANS_SERIF, BOLD, TEXT + 2))
        setAxisTitleFont(Font(SANS_SERIF, PLAIN, TEXT))
        setAxisTickLabelsFont(Font(SANS_SERIF, PLAIN, TEXT))
        setPlotBorderVisible(false)
        setPlotGridVerticalLinesVisible(false)
        setPlotGridLinesColor(GRID)
        setPlotGridLinesStroke(BasicStroke(1f))
        setSeriesColors(servers.map(::colorOf).toTypedArray())
    }

    protected companion object {
        const val WIDTH: Int = 920
        const val HEIGHT: Int = 400
        private const val TEXT = 13
        private val GRID = Color(0xE3E3E3)

        /** The same server has the same color in every chart. */
        private val colors = mapOf(
            "hawser" to 0xE4572E,
            "hawser-conscrypt" to 0xF2A488,
            "hawser-blocking" to 0xA8321A,
            "netty-nio" to 0x1B6CA8,
            "netty-epoll" to 0x6FB1E0,
            "netty-tcnative" to 0x0F3D62,
            "vertx" to 0x7A5AA6,
            "ktor" to 0x2A9D6F,
            "java-net" to 0xC9A227,
            "java-net-virtual" to 0xE9D48A,
            "go" to 0x3CBFC0,
            "nats" to 0x34A574,
            "redis" to 0xB5302A,
            "c-epoll" to 0x6B6B6B,
        )

        private fun colorOf(server: String): Color = Color(colors[server] ?: (server.hashCode() and 0xFFFFFF))
    }
}
