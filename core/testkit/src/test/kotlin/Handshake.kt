package io.hawser.testkit

import java.nio.ByteBuffer
import java.security.KeyStore
import java.security.cert.X509Certificate
import javax.net.ssl.KeyManagerFactory
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_TASK
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_UNWRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_UNWRAP_AGAIN
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NEED_WRAP
import javax.net.ssl.SSLEngineResult.HandshakeStatus.NOT_HANDSHAKING
import javax.net.ssl.SSLSession
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509TrustManager

/** What trusts [authority] and nobody else. */
internal fun trusting(authority: X509Certificate): X509TrustManager = TrustManagerFactory.getInstance("PKIX").run {
    init(emptyStore().apply { setCertificateEntry("authority", authority) })
    trustManagers.single() as X509TrustManager
}

/**
 * The JDK's TLS without sockets: a client that means [host], and a server that asks for its certificate if it has one. Returns what the
 * server has when both are content.
 */
internal fun handshake(
    authority: X509Certificate,
    server: KeyStore.PrivateKeyEntry,
    client: KeyStore.PrivateKeyEntry? = null,
    host: String = "localhost",
): SSLSession {
    val near = context(client, authority).createSSLEngine(host, 443).apply {
        useClientMode = true
        sslParameters = sslParameters.apply { endpointIdentificationAlgorithm = "HTTPS" }
    }
    val far = context(server, authority).createSSLEngine().apply {
        useClientMode = false
        needClientAuth = client != null
    }
    val toFar = ByteBuffer.allocate(CAPACITY)
    val toNear = ByteBuffer.allocate(CAPACITY)
    near.beginHandshake()
    far.beginHandshake()
    repeat(MANY) {
        if (near.handshakeStatus == NOT_HANDSHAKING && far.handshakeStatus == NOT_HANDSHAKING) return far.session
        near.step(toNear, toFar)
        far.step(toFar, toNear)
    }
    error("no end: ${near.handshakeStatus}, ${far.handshakeStatus}")
}

private const val CAPACITY = 1 shl 17
private const val MANY = 1000
private val password = "secret".toCharArray()

private fun emptyStore() = KeyStore.getInstance("PKCS12").apply { load(null, null) }

private fun context(identity: KeyStore.PrivateKeyEntry?, authority: X509Certificate) = SSLContext.getInstance("TLS").apply {
    val keys = KeyManagerFactory.getInstance("PKIX").run {
        init(emptyStore().apply { identity?.let { setEntry("identity", it, KeyStore.PasswordProtection(password)) } }, password)
        keyManagers
    }
    init(keys, arrayOf(trusting(authority)), null)
}

private fun SSLEngine.step(input: ByteBuffer, output: ByteBuffer) {
    when (handshakeStatus) {
        NEED_TASK -> generateSequence { delegatedTask }.forEach { it.run() }

        NEED_WRAP -> wrap(ByteBuffer.allocate(0), output)

        NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
            input.flip()
            unwrap(input, ByteBuffer.allocate(CAPACITY))
            input.compact()
        }

        else -> Unit
    }
}
