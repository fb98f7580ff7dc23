package io.hawser.tls

import java.net.Socket
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.cert.X509Certificate
import javax.net.ssl.SSLEngine
import javax.net.ssl.TrustManager
import javax.net.ssl.TrustManagerFactory
import javax.net.ssl.X509ExtendedTrustManager
import javax.net.ssl.X509TrustManager

/** Who may have issued a peer's certificate, as it is being put together. */
internal class Trust {
    private val authorities = mutableListOf<X509Certificate>()
    var includesSystem = false

    /** Whether anything has been said. */
    val isChosen: Boolean get() = includesSystem || authorities.isNotEmpty()

    operator fun plusAssign(more: List<X509Certificate>) {
        authorities += more
    }

    /** What decides. Where nothing has been said, it is the system. */
    fun managers(): Array<TrustManager> = when {
        authorities.isEmpty() -> system()
        includesSystem -> only(authorities + system().filterIsInstance<X509TrustManager>().flatMap { it.acceptedIssuers.asList() })
        else -> only(authorities)
    }

    companion object {
        private fun system(): Array<TrustManager> = managersOf(null)

        private fun only(authorities: List<X509Certificate>): Array<TrustManager> {
            val store = KeyStore.getInstance("PKCS12")
            store.load(null, null)
            authorities.forEachIndexed { index, authority -> store.setCertificateEntry("$index", authority) }
            return managersOf(store)
        }

        private fun managersOf(store: KeyStore?): Array<TrustManager> = try {
            val factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
            factory.init(store)
            factory.trustManagers
        } catch (e: GeneralSecurityException) {
            throw InvalidTlsConfiguration("who is trusted cannot be told: ${e.message}", cause = e)
        }
    }
}

/** Trusts everybody, which is as good as no TLS against whoever sits on the line. */
internal object TrustInAnybody : X509ExtendedTrustManager() {
    override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String): Unit = Unit

    override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String, socket: Socket?): Unit = Unit

    override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String, engine: SSLEngine?): Unit = Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String): Unit = Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String, socket: Socket?): Unit = Unit

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String, engine: SSLEngine?): Unit = Unit

    override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
}
