package io.hawser.benchmarks.benchmark

/** [Echo] over TLS. */
internal object TlsEcho : OverTls("tls-echo", "Echo over TLS, closed loop", mode = "echo") {
    override val about: String = """
        As the echo over TCP, with TLS 1.3 and TLS_AES_128_GCM_SHA256 for everybody. The handshakes are over before.
    """.trimIndent()
    override val cases: List<Case> = listOf(Case(64, 64))
    override val measures: List<Measure> = Measure.roundTrips
}
