package io.hawser.benchmarks.benchmark

/** [Connect] over TLS, each with a full handshake. */
internal object TlsConnect : OverTls("tls-connect", "Full TLS handshakes", mode = "connect") {
    override val about: String = """
        64 at a time connect, shake hands, have one byte echoed, close, and begin again: TLS 1.3 with a key exchange on X25519 and a
        signature on P-256 for each. The times are those of all of it together.
    """.trimIndent()
    override val cases: List<Case> = Connect.cases

    /** A server that is not warm yet could not greet as many in the time there is. */
    override val quickCases: List<Case> = listOf(Case(8, 1))
    override val measures: List<Measure> = listOf(Measure.higher("per_second", "handshakes/s", 0)) + Measure.roundTrips.drop(1)
}
