package io.hawser.tls

import java.nio.file.Path
import java.security.KeyStore
import java.security.cert.X509Certificate
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emptyFlow

/**
 * Who we are to a peer: a certificate, those of its issuers that a peer may not have, and the private key. To be had from a key store's
 * entry, from PEM files or from a PKCS#12 file.
 *
 * All of it is checked when it is made: the key is that of the certificate, which is valid now. Passwords are not kept, except by
 * [watching], which has a copy.
 */
public sealed class TlsIdentity {
    /**
     * The changes of a [watching] identity: hot, for any number of collectors, and without an end. Who is over 16 events behind loses the
     * oldest. Other identities never change, and theirs is empty.
     */
    public open val events: Flow<TlsIdentityEvent> get() = emptyFlow()

    /** As it was when somebody last looked. */
    internal abstract fun current(): Material

    /** For a handshake that begins: as it is now. Cancelling returns at once. */
    internal open suspend fun refreshed(): Material = current()

    public companion object {
        /**
         * That of [entry], whose certificates are X.509.
         *
         * @throws InvalidTlsConfiguration saying why it cannot work.
         */
        @JvmStatic
        public fun of(entry: KeyStore.PrivateKeyEntry): TlsIdentity {
            val chain = entry.certificateChain.map {
                it as? X509Certificate ?: throw InvalidTlsConfiguration("a certificate is not X.509, but ${it.type}")
            }
            return FixedIdentity("${chain.first().subjectX500Principal}", checkedMaterial(chain, entry.privateKey))
        }

        /**
         * Reads PEM files: [certificate] has the own certificate first and then its issuers', [key] the private key, in PKCS#8 or as
         * OpenSSL wrote it before that; both may be one file. [password] is for a key that is encrypted, as PKCS#8 has it.
         *
         * Reads in the calling thread.
         *
         * @throws InvalidTlsConfiguration naming the file and saying why it cannot work.
         */
        @JvmStatic
        @JvmOverloads
        public fun pem(certificate: Path, key: Path, password: CharArray? = null): TlsIdentity = FixedIdentity(
            "$certificate, $key",
            checkedMaterial(certificatesIn(certificate), privateKey(contentOf(key), key, password), certificate, key),
        )

        /**
         * Reads a PKCS#12 file: its entry [alias], or the only one that has a private key.
         *
         * Reads in the calling thread.
         *
         * @throws InvalidTlsConfiguration naming [store] and saying why it cannot work, with the aliases if [alias] is none of them.
         */
        @JvmStatic
        @JvmOverloads
        public fun pkcs12(store: Path, password: CharArray, alias: String? = null): TlsIdentity =
            FixedIdentity("$store", pkcs12Material(store, password, alias))

        /** That of PEM files that are read again when they have changed, at most once a second. Otherwise like the one with an interval. */
        @JvmStatic
        @JvmOverloads
        public fun watching(
            certificate: Path,
            key: Path,
            password: CharArray? = null,
            onEvent: TlsIdentityListener? = null,
        ): TlsIdentity = WatchedIdentity(certificate, key, password, 1.seconds, onEvent)

        /**
         * That of PEM files (see [pem]) that are read again when they have changed, for instance because a new certificate was written.
         *
         * A handshake that begins when they have not been read for [interval] reads them first; those that begin meanwhile go on with what
         * there is, unless that has not been compared with the files for two intervals. So there is nothing to close, and files that
         * change in an idle process are read when somebody comes. What is of no use, such as a file that is half written or a key
         * whose certificate is not there yet, changes nothing. [events] and [onEvent] are told.
         *
         * Reads in the calling thread for the first time.
         *
         * @throws InvalidTlsConfiguration naming the file and saying why it cannot work, or for a negative [interval].
         */
        @JvmSynthetic
        public fun watching(
            certificate: Path,
            key: Path,
            password: CharArray? = null,
            interval: Duration,
            onEvent: TlsIdentityListener? = null,
        ): TlsIdentity = WatchedIdentity(certificate, key, password, interval, onEvent)

        /** For Java: see `watching`. */
        @JvmStatic
        @JvmOverloads
        public fun watching(
            certificate: Path,
            key: Path,
            password: CharArray?,
            interval: java.time.Duration,
            onEvent: TlsIdentityListener? = null,
        ): TlsIdentity = WatchedIdentity(certificate, key, password, interval.toKotlinDuration(), onEvent)
    }
}

private class FixedIdentity(private val name: String, private val material: Material) : TlsIdentity() {
    override fun current(): Material = material

    override fun toString(): String = "TlsIdentity($name)"
}
