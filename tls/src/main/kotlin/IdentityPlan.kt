package io.hawser.tls

import io.hawser.settings.Kinds
import io.hawser.settings.Schema
import io.hawser.settings.SchemaBuilder
import io.hawser.settings.Secret
import io.hawser.settings.SettingsApi
import io.hawser.settings.schema
import java.nio.file.Path

/** An identity as it is being put together; a later one takes its place wherever it is used. */
@SettingsApi
internal open class IdentityPlan(earlier: IdentityPlan?) {
    var certificate: Path? = null
    var key: Path? = null
    var keyPassword: Secret? = null
    var store: Path? = null
    var storePassword: Secret? = null
    var alias: String? = null

    private var used: ReloadableIdentity? = earlier?.used
    private var read: TlsIdentity? = null

    /** Whether there are some already that show what [used] has. */
    private val isLater = used != null

    private val isChosen: Boolean get() = (certificate ?: key ?: keyPassword ?: store ?: storePassword ?: alias) != null

    /** What is used, or null if there is none; what was used before stays as it is until it is committed. */
    fun identity(): TlsIdentity? {
        if (!isChosen) return null
        val identity = if (store != null) pkcs12() else pem()
        read = identity
        return used ?: ReloadableIdentity(identity).also { used = it }
    }

    /** Has it shown wherever the one before it is, and returns the names of what counts by that. */
    fun commit(): Set<String> {
        val identity = read ?: return emptySet()
        used?.identity = identity
        return if (isLater) live else emptySet()
    }

    private fun pem(): TlsIdentity {
        if (storePassword != null ||
            alias != null
        ) {
            throw InvalidTlsConfiguration("storePassword and alias are of a store, and there is none")
        }
        val chain = certificate ?: throw InvalidTlsConfiguration("key has no certificate")
        val own = key ?: throw InvalidTlsConfiguration("certificate has no key")
        return TlsIdentity.watching(chain, own, keyPassword?.chars())
    }

    private fun pkcs12(): TlsIdentity {
        if (certificate != null || key != null || keyPassword != null) {
            throw InvalidTlsConfiguration("store has a certificate and a key, and there are others")
        }
        val password = storePassword ?: throw InvalidTlsConfiguration("store needs storePassword")
        return TlsIdentity.pkcs12(checkNotNull(store), password.chars(), alias)
    }

    companion object {
        private const val NONE = "none"

        private val live = setOf("certificate", "key", "key-password", "store", "store-password", "alias")

        val schema: Schema<IdentityPlan> = schema { identity() }

        fun <B : IdentityPlan> SchemaBuilder<B>.identity() {
            setting(
                IdentityPlan::certificate,
                Kinds.file.orNull(NONE),
                "a PEM file with the chain, the own certificate first; read again when it changes",
            )
            setting(IdentityPlan::key, Kinds.file.orNull(NONE), "a PEM file with its private key; read again when it changes")
            setting(IdentityPlan::keyPassword, Kinds.secret.orNull(NONE), "what opens that key, if it is encrypted")
            setting(IdentityPlan::store, Kinds.file.orNull(NONE), "a PKCS#12 file, in place of those")
            setting(IdentityPlan::storePassword, Kinds.secret.orNull(NONE), "what opens the store")
            setting(IdentityPlan::alias, Kinds.name.orNull(NONE), "its entry; none for the only one with a private key")
        }
    }
}
