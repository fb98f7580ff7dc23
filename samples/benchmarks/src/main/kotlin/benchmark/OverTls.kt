package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server
import io.hawser.benchmarks.Tools
import java.nio.file.Path

/** What the load generator does in its [mode], with [settings], and over TLS. */
internal sealed class OverTls(name: String, title: String, private val mode: String, private vararg val settings: String) :
    SideBySide(name, title) {
    override val service: String = "tls-echo"

    override fun file(tools: Tools): Path = tools.certificate()

    override fun measure(load: Load, server: Server, case: Case): Figures = load.on(server, mode, case, *settings)
}
