package io.hawser.tls

import java.net.Socket
import java.security.cert.X509Certificate
import javax.net.ssl.SSLEngine
import javax.net.ssl.TrustManager
import javax.net.ssl.X509ExtendedTrustManager

/**
 * Trusts whom [inner] trusts, which is the JDK's, unless there is an [objection] to the server's own certificate under the name of its
 * host.
 *
 * It has that work for Conscrypt: where the cipher suite does not say how the peer proves who it is, as in TLS 1.3, the one says UNKNOWN
 * and the other GENERIC, which the one takes for a mistake.
 */
internal class Verifier private constructor(
    private val inner: X509ExtendedTrustManager,
    private val objection: (host: String, X509Certificate) -> Objection?,
) : X509ExtendedTrustManager() {
    override fun checkClientTrusted(
        chain: Array<X509Certificate>,
        authType: String,
    ): Unit = inner.checkClientTrusted(chain, known(authType))

    override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String, socket: Socket?): Unit =
        inner.checkClientTrusted(chain, known(authType), socket)

    override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String, engine: SSLEngine?): Unit =
        inner.checkClientTrusted(chain, known(authType), engine)

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String): Unit = inner.checkServerTrusted(
        chain,
        known(authType),
    )

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String, socket: Socket?): Unit =
        inner.checkServerTrusted(chain, known(authType), socket)

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String, engine: SSLEngine?) {
        inner.checkServerTrusted(chain, known(authType), engine)
        engine?.peerHost?.let { host -> objection(host, chain.first()) }?.let { throw it }
    }

    override fun getAcceptedIssuers(): Array<X509Certificate> = inner.acceptedIssuers

    private fun known(authType: String) = if (authType == "GENERIC") "UNKNOWN" else authType

    companion object {
        fun over(
            manager: TrustManager,
            objection: (host: String, X509Certificate) -> Objection? = { _, _ -> null },
        ): TrustManager = if (manager is X509ExtendedTrustManager) Verifier(manager, objection) else manager
    }
}
