package io.hawser.tls

import io.hawser.settings.Kinds
import io.hawser.settings.SchemaBuilder
import io.hawser.settings.SettingsApi
import io.hawser.tls.IdentityPlan.Companion.identity
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** What servers and clients of TLS have in common, as it is being put together. */
@SettingsApi
internal sealed class TlsPlan(earlier: TlsPlan?) : IdentityPlan(earlier) {
    var enabled: Boolean = true
    var trust: List<Path> = emptyList()
    var trustSystem: Boolean = false
    var versions: List<TlsVersion> = TlsVersion.entries
    var suites: List<String> = emptyList()
    var groups: List<String> = emptyList()
    var alpn: List<String> = emptyList()
    var acceptTruncation: Boolean = false
    var sessionCache: Int? = null
    var sessionTimeout: Duration = DAY
    var provider: TlsProvider = TlsProvider.Jdk
    var more: List<IdentityPlan> = emptyList()

    /** Who does the arithmetic. */
    enum class TlsProvider { Jdk, Conscrypt }

    fun <B : TlsOptions.Builder<B>> put(builder: B): B {
        for (identity in (listOf(this) + more).mapNotNull { it.identity() }) builder.identity(identity)
        for (file in trust) builder.trust(file)
        if (trustSystem) builder.trustSystem()
        builder.versions(*versions.toTypedArray()).suites(*suites.toTypedArray()).groups(*groups.toTypedArray()).alpn(*alpn.toTypedArray())
        builder.acceptTruncation(acceptTruncation)
        sessionCache?.let { builder.sessionCache(it, sessionTimeout) }
        if (provider == TlsProvider.Conscrypt) builder.conscrypt()
        return builder
    }

    companion object {
        private val DAY = 86_400.seconds
        private val version = Kinds.oneOf(TlsVersion.entries) { it.protocol.removePrefix("TLSv") }

        fun <B : TlsPlan> SchemaBuilder<B>.common() {
            setting(TlsPlan::enabled, Kinds.boolean, "whether TLS is spoken at all")
            identity()
            setting(TlsPlan::trust, Kinds.file.several("a list of paths"), "PEM files with the certificates of who may issue the peer's")
            setting(TlsPlan::trustSystem, Kinds.boolean, "whether who the system trusts may, too")
            setting(TlsPlan::versions, version.several("a list of 1.2 and 1.3"), "the versions that are spoken")
            setting(TlsPlan::suites, Kinds.texts, "cipher suites by their standard names, the best first; none for the default ones")
            setting(TlsPlan::groups, Kinds.texts, "groups of key exchanges, the best first; none for the provider's")
            setting(TlsPlan::alpn, Kinds.texts, "application protocols, the best first")
            setting(TlsPlan::acceptTruncation, Kinds.boolean, "whether a connection may end without the end of TLS")
            setting(TlsPlan::sessionCache, Kinds.count.orNull("default"), "how many sessions can be resumed")
            setting(TlsPlan::sessionTimeout, Kinds.duration, "for how long, if `session-cache` is set")
            setting(TlsPlan::provider, Kinds.enum(), "who does the arithmetic")
            groups(
                "identity",
                "more identities, one for each name: a server shows the one that a client asks for",
                IdentityPlan.schema,
                fresh = { _, earlier -> IdentityPlan(earlier) },
                close = { plan, all -> plan.more = all },
                commit = IdentityPlan::commit,
            )
            codeOnly("context", "a ready SSLContext is an object")
        }
    }
}

@SettingsApi
internal class ServerTlsPlan(earlier: ServerTlsPlan?) : TlsPlan(earlier) {
    var clientAuth: ClientAuth = ClientAuth.None
    var refuseUnknownNames: Boolean = false

    fun build(): ServerTls = put(ServerTls.builder()).clientAuth(clientAuth).refuseUnknownNames(refuseUnknownNames).build()

    companion object {
        val schema = io.hawser.settings.schema<ServerTlsPlan> {
            common()
            setting(ServerTlsPlan::clientAuth, Kinds.enum(), "whether clients have to show a certificate, which `trust` then decides about")
            setting(ServerTlsPlan::refuseUnknownNames, Kinds.boolean, "whether who asks for a name that no identity has is turned away")
        }
    }
}

@SettingsApi
internal class ClientTlsPlan(earlier: ClientTlsPlan?) : TlsPlan(earlier) {
    var serverName: String? = null
    var pins: List<String> = emptyList()

    fun build(): ClientTls = put(ClientTls.builder()).also { builder -> pins.forEach { builder.pin(it) } }.build()

    companion object {
        val schema = io.hawser.settings.schema<ClientTlsPlan> {
            common()
            setting(
                ClientTlsPlan::serverName,
                Kinds.name.orNull("host"),
                "whose certificate it has to be; by default the host that is connected to",
            )
            setting(
                ClientTlsPlan::pins,
                Kinds.texts,
                "hashes of the server's public key as sha256/ and Base64, one of which it has to have",
            )
        }
    }
}
