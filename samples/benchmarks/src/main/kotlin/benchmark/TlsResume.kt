package io.hawser.benchmarks.benchmark

/** [TlsConnect] with a session that goes on. */
internal object TlsResume : OverTls("tls-resume", "Resumed TLS handshakes", mode = "connect", "resume=1") {
    override val about: String = """
        As the full handshakes, but each connection resumes the session of the one before with the ticket that the server gave it: a
        key exchange on X25519, and no signature. A server that gives none, or does not take it, has failed.
    """.trimIndent()
    override val cases: List<Case> = TlsConnect.cases
    override val quickCases: List<Case> = TlsConnect.quickCases
    override val measures: List<Measure> = TlsConnect.measures
}
