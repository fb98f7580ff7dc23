package io.hawser.tls

import io.hawser.Attribute
import io.hawser.Candidate
import java.security.cert.X509Certificate
import javax.net.ssl.ExtendedSSLSession
import javax.net.ssl.SNIHostName
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLPeerUnverifiedException
import javax.net.ssl.SSLSession

/** What a handshake has agreed on. */
public class TlsSession private constructor(
    /** The protocol: `TLSv1.3` or `TLSv1.2`. */
    public val protocol: String,
    /** The cipher suite by its standard name: `TLS_AES_128_GCM_SHA256`. */
    public val suite: String,
    /** The application protocol (RFC 7301), or null if there was nothing to agree on. */
    public val alpn: String?,
    /** The name that the client asked for (RFC 6066, section 3), or null if it asked for none. */
    public val serverName: String?,
    /** The certificates that the peer sent, its own first; empty if it sent none. Verified, unless the options say otherwise. */
    public val peerCertificates: List<X509Certificate>,
) {
    override fun toString(): String = listOfNotNull(
        "$protocol, $suite",
        alpn?.let { "ALPN $it" },
        serverName?.let { "SNI $it" },
        peerCertificates.firstOrNull()?.let { "peer ${it.subjectX500Principal}" },
    ).joinToString()

    public companion object {
        /** The session as a fact about a [Candidate], for [io.hawser.ServerOptions.admissionAfterHandshake]. */
        @JvmField
        public val attribute: Attribute<TlsSession> = Attribute("tls")

        /** @param serverName the name that we asked for, if we are the client. */
        internal fun of(engine: SSLEngine, serverName: String?): TlsSession {
            val session = engine.session
            return TlsSession(
                session.protocol,
                session.cipherSuite,
                engine.applicationProtocol?.ifEmpty { null },
                serverName ?: if (engine.useClientMode) null else session.requestedName(),
                if (engine.asksPeer) session.certificatesOfPeer() else emptyList(),
            )
        }

        /** Who has not asked for certificates has none, and the session would make an exception of it for each connection. */
        private val SSLEngine.asksPeer: Boolean get() = useClientMode || needClientAuth || wantClientAuth

        private fun SSLSession.requestedName(): String? = try {
            (this as? ExtendedSSLSession)?.requestedServerNames?.firstNotNullOfOrNull { it as? SNIHostName }?.asciiName
        } catch (_: UnsupportedOperationException) {
            null
        }

        private fun SSLSession.certificatesOfPeer(): List<X509Certificate> = try {
            peerCertificates.filterIsInstance<X509Certificate>()
        } catch (_: SSLPeerUnverifiedException) {
            emptyList()
        }
    }
}
