package io.hawser.tls

import io.hawser.tls.ServerName.Companion.alternativeNames
import java.net.Socket
import java.security.Principal
import java.security.PrivateKey
import java.security.cert.X509Certificate
import javax.net.ssl.ExtendedSSLSession
import javax.net.ssl.SNIHostName
import javax.net.ssl.SNIServerName
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLSession
import javax.net.ssl.SSLSocket
import javax.net.ssl.X509ExtendedKeyManager

/**
 * Chooses one of [materials] for a handshake. Immutable; the alias of each is its index.
 *
 * A server takes one whose certificate is for the name that the client asks for. Where there is none, or no such name, it takes the first,
 * or another that has the very same names: that is the same server with a key of another kind.
 */
internal class Identities(private val materials: List<Material>) : X509ExtendedKeyManager() {
    private val default: List<Int> = materials.indices.filter { materials[it].names() == materials.first().names() }

    override fun chooseEngineServerAlias(keyType: String?, issuers: Array<out Principal>?, engine: SSLEngine?): String? =
        serverAlias(keyType, engine?.handshakeSession)

    override fun chooseServerAlias(keyType: String?, issuers: Array<out Principal>?, socket: Socket?): String? =
        serverAlias(keyType, (socket as? SSLSocket)?.handshakeSession)

    override fun chooseEngineClientAlias(keyTypes: Array<out String>?, issuers: Array<out Principal>?, engine: SSLEngine?): String? =
        clientAliases(keyTypes.orEmpty().toSet(), issuers).firstOrNull()

    override fun chooseClientAlias(keyTypes: Array<out String>?, issuers: Array<out Principal>?, socket: Socket?): String? =
        clientAliases(keyTypes.orEmpty().toSet(), issuers).firstOrNull()

    override fun getServerAliases(keyType: String?, issuers: Array<out Principal>?): Array<String>? =
        clientAliases(setOfNotNull(keyType), issuers).toTypedArray().ifEmpty { null }

    override fun getClientAliases(keyType: String?, issuers: Array<out Principal>?): Array<String>? = getServerAliases(keyType, issuers)

    override fun getCertificateChain(alias: String?): Array<X509Certificate>? = material(alias)?.chain?.toTypedArray()

    override fun getPrivateKey(alias: String?): PrivateKey? = material(alias)?.key

    private fun material(alias: String?): Material? = alias?.toIntOrNull()?.let(materials::getOrNull)

    /** Null has the engine ask for its next type of key. */
    private fun serverAlias(keyType: String?, session: SSLSession?): String? {
        val asked = session.requestedNames()
        val named = materials.indices.filter { i -> asked.any { it.matches(materials[i].chain.first()) } }
        return named.ifEmpty { default }.firstOrNull { keyType != null && materials[it].serves(keyType) }?.toString()
    }

    private fun clientAliases(keyTypes: Set<String>, issuers: Array<out Principal>?): List<String> = materials.indices
        .filter { i -> keyTypes.any { materials[i].serves(it) } && (issuers.isNullOrEmpty() || materials[i].isFrom(issuers)) }
        .map(Int::toString)

    private fun Material.serves(keyType: String): Boolean = keyKind(key.algorithm) == keyKind(keyType)

    private fun Material.isFrom(issuers: Array<out Principal>): Boolean = chain.any { it.issuerX500Principal in issuers }

    private fun Material.names() = chain.first().alternativeNames()
}

private fun SSLSession?.requestedNames(): List<ServerName> {
    val names: List<SNIServerName> = try {
        (this as? ExtendedSSLSession)?.requestedServerNames.orEmpty()
    } catch (_: UnsupportedOperationException) {
        emptyList()
    }
    return names.mapNotNull { (it as? SNIHostName)?.serverName() }
}

private fun SNIHostName.serverName(): ServerName? = try {
    ServerName.of(asciiName)
} catch (_: IllegalArgumentException) {
    null
}
