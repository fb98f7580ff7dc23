package io.hawser.tls

/** Cipher suites by their standard names. */
internal object Suites {
    private val tls13 = listOf("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")

    /** Authenticated encryption with keys that a later theft of the certificate's does not give away (RFC 9325, section 4.2). */
    val default: List<String> = tls13 + listOf("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256").flatMap { cipher ->
        listOf("ECDSA", "RSA").map { "TLS_ECDHE_${it}_WITH_$cipher" }
    }

    /** Those of TLS 1.3 say nothing of the key exchange. */
    fun isOf(suite: String, version: TlsVersion): Boolean = ("_WITH_" !in suite) == (version == TlsVersion.TLS13)
}
