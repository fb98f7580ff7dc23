package io.hawser.benchmarks.benchmark

/** [Stream] over TLS. */
internal object TlsStream : OverTls("tls-stream", "Echoed stream over TLS", mode = "stream") {
    override val about: String = """
        As the echoed stream over TCP, with TLS 1.3 and TLS_AES_128_GCM_SHA256 for everybody. The load generator has a connection's
        TLS to do as the server has, in one thread: with one connection no server can be much faster than it.
    """.trimIndent()
    override val cases: List<Case> = Stream.cases
    override val measures: List<Measure> = Measure.throughput
}
