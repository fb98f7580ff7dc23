package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server

/** [Echo] over Unix stream sockets. */
internal object UnixEcho : SideBySide("unix-echo", "Echo over Unix stream sockets, closed loop") {
    override val about: String = """
        As the echo over TCP, on a Unix stream socket at a path.
    """.trimIndent()
    override val service: String = "unix-echo"
    override val cases: List<Case> = listOf(Case(64, 64), Case(512, 64))
    override val measures: List<Measure> = Measure.roundTrips

    override fun measure(load: Load, server: Server, case: Case): Figures = load.on(server, "echo", case)
}
