package io.hawser.tls

import javax.net.ssl.SNIHostName
import javax.net.ssl.SNIMatcher
import javax.net.ssl.SNIServerName
import javax.net.ssl.StandardConstants.SNI_HOST_NAME

/** The names that the certificates of [identities] have at the moment. */
internal class KnownNames(private val identities: List<TlsIdentity>) : SNIMatcher(SNI_HOST_NAME) {
    override fun matches(name: SNIServerName): Boolean {
        val asked = try {
            ServerName.of(SNIHostName(name.encoded).asciiName)
        } catch (_: IllegalArgumentException) {
            return false
        }
        return identities.any { asked.matches(it.current().chain.first()) }
    }
}
