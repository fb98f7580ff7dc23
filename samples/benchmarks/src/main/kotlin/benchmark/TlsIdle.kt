package io.hawser.benchmarks.benchmark

import io.hawser.benchmarks.Figures
import io.hawser.benchmarks.Load
import io.hawser.benchmarks.Server

/** [Idle] over TLS. */
internal object TlsIdle : OverTls("tls-idle", "Idle TLS connections", mode = "idle") {
    override val about: String = """
        As the idle connections over TCP, with TLS 1.3. What a native library holds outside the JVM's buffers is seen in the resident
        set only.
    """.trimIndent()
    override val cases: List<Case> = listOf(Case(2_000, 64))
    override val quickCases: List<Case> = listOf(Case(500, 64))
    override val startsAfresh: Boolean get() = true
    override val measures: List<Measure> = Idle.measures

    override fun measure(load: Load, server: Server, case: Case): Figures {
        // What is loaded and compiled for handshakes is not the connections' either, and few make no server warm.
        load.on(server, "connect", WARM_UP)
        return Idle.measure(load, server, case)
    }

    private val WARM_UP = Case(8, 1)
}
