package io.hawser.tls

import java.nio.file.Path
import java.security.KeyStore
import java.security.Provider
import java.security.cert.X509Certificate
import javax.net.ssl.SSLContext
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/**
 * What servers and clients of TLS have in common. Everything is checked when it is built: what cannot work is an
 * [InvalidTlsConfiguration] that says which file, or what else, and why.
 *
 * | option | default | |
 * |---|---|---|
 * | [versions] | TLS 1.3 and 1.2 | |
 * | [suites] | AES-GCM and ChaCha20-Poly1305, with ECDHE | in this order, of which a server's counts |
 * | [groups] | the provider's | for key exchanges; from Java 20 on |
 * | [alpn] | none | application protocols (RFC 7301), the best first |
 * | [acceptTruncation] | false | whether a connection may end without the end of TLS |
 * | `identity` | none; a server needs one | the certificate chain and key that we show, or several |
 * | `trust` | a client trusts whom the system does, a server nobody | who may have issued the peer's certificate |
 * | `sessionCache` | the provider's | how many sessions can be resumed, and how long |
 * | `provider` | the JDK's | who does the arithmetic |
 */
public sealed class TlsOptions(from: Builder<*>) {
    /** The protocol versions that are spoken. */
    public val versions: Set<TlsVersion> = from.versions.toSortedSet().also {
        if (it.isEmpty()) throw InvalidTlsConfiguration("no version of TLS is allowed")
    }

    /** The cipher suites by their standard names, the best first, or none for the default ones. */
    public val suites: List<String> = from.suites.toList()

    /** The groups of key exchanges, the best first, or none for the provider's. */
    public val groups: List<String> = from.groups.toList()

    /** The application protocols, the best first. Where both sides name some, they have to agree on one. */
    public val alpn: List<String> = from.alpn.toList().onEach {
        if (it.encodeToByteArray().size !in 1..LONGEST_ALPN) throw InvalidTlsConfiguration("\"$it\" is no application protocol")
    }

    /**
     * Whether the peer may end the connection without ending TLS, as careless implementations do. Whoever can may then cut off what was
     * to follow, at the end of any record; protocols whose messages have a length can bear that.
     */
    public val acceptTruncation: Boolean = from.acceptTruncation

    internal val identities: List<TlsIdentity> = from.identities.toList()
    internal val provider: Provider? = from.provider
    internal val context: SSLContext? = from.context?.also {
        if (identities.isNotEmpty() || provider != null || from.trust.isChosen || from.sessionCacheSize != null) {
            throw InvalidTlsConfiguration("a ready SSLContext brings its own identity, trust, provider and session cache")
        }
    }
    internal val sessionCacheSize: Int? = from.sessionCacheSize
    internal val sessionTimeoutSeconds: Int? = from.sessionTimeout?.inWholeSeconds?.toInt()

    internal abstract val engines: Engines

    internal fun describe(): String =
        "versions=$versions, suites=${suites.ifEmpty { "default" }}, groups=${groups.ifEmpty { "default" }}, " +
            "alpn=$alpn, acceptTruncation=$acceptTruncation, identities=$identities, provider=${provider ?: "default"}"

    /** Collects options. Not for use by several threads at once. */
    public sealed class Builder<B : Builder<B>> {
        internal val identities = mutableListOf<TlsIdentity>()
        internal val trust = Trust()
        internal var versions = TlsVersion.entries.toSet()
        internal var suites = listOf<String>()
        internal var groups = listOf<String>()
        internal var alpn = listOf<String>()
        internal var provider: Provider? = null
        internal var context: SSLContext? = null
        internal var sessionCacheSize: Int? = null
        internal var sessionTimeout: Duration? = null

        /** See [TlsOptions.acceptTruncation]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var acceptTruncation: Boolean = false

        /** This builder as what it is. */
        internal abstract val self: B

        /** Shows [identity]. Of several, a server shows the one whose certificate has the name that the client asks for, else the first. */
        public fun identity(identity: TlsIdentity): B = self.apply { identities += identity }

        /** Shows the chain of [entry] and proves it with its key. */
        public fun identity(entry: KeyStore.PrivateKeyEntry): B = identity(TlsIdentity.of(entry))

        /** Shows the chain in the PEM file [certificate] and proves it with the key in [key], which [password] opens if it is encrypted. */
        @JvmOverloads
        public fun identity(certificate: Path, key: Path, password: CharArray? = null): B =
            identity(TlsIdentity.pem(certificate, key, password))

        /** Shows the chain in the PKCS#12 file [store], which [password] opens, and proves it with its key. */
        public fun identity(store: Path, password: CharArray): B = identity(TlsIdentity.pkcs12(store, password))

        /** Trusts who was issued a certificate by one of [authorities], or has that one itself. */
        public fun trust(vararg authorities: X509Certificate): B = self.apply { trust += authorities.asList() }

        /** Trusts the certificates in the PEM file [pem]. */
        public fun trust(pem: Path): B = self.apply { trust += certificatesIn(pem) }

        /** Trusts whom the system trusts, besides others. */
        public fun trustSystem(): B = self.apply { trust.includesSystem = true }

        /** See [TlsOptions.versions]. In TLS 1.2 neither direction ends alone: whoever ends its own gets no answer any more. */
        public fun versions(vararg versions: TlsVersion): B = self.apply { this.versions = versions.toSet() }

        /** See [TlsOptions.suites]. */
        public fun suites(vararg names: String): B = self.apply { suites = names.asList() }

        /** See [TlsOptions.groups]. */
        public fun groups(vararg names: String): B = self.apply { groups = names.asList() }

        /** See [TlsOptions.alpn]. */
        public fun alpn(vararg protocols: String): B = self.apply { alpn = protocols.asList() }

        /** See [TlsOptions.acceptTruncation]. */
        public fun acceptTruncation(value: Boolean): B = self.apply { acceptTruncation = value }

        /** Has [provider] do the arithmetic, which needs not be installed. */
        public fun provider(provider: Provider): B = self.apply { this.provider = provider }

        /**
         * Has Conscrypt do the arithmetic, in native code. Unlike the JDK, it ends both directions of TLS 1.3 when the peer ends one: whoever
         * is to be answered must not end its direction before.
         *
         * @throws InvalidTlsConfiguration if `org.conscrypt:conscrypt-openjdk-uber` is not on the class path, or not for this platform.
         */
        public fun conscrypt(): B = provider(conscryptProvider())

        /** Takes [context] as it is, with its identity, trust and provider; the other options are set for each connection. */
        public fun context(context: SSLContext): B = self.apply { this.context = context }

        /**
         * Keeps up to [size] sessions to be resumed, each for [timeout], in whole seconds. Servers of the JDK, and all of TLS 1.3, have
         * their clients keep the sessions, as many as there are: of those only the time counts.
         *
         * @throws IllegalArgumentException unless both are positive.
         */
        @JvmSynthetic
        public fun sessionCache(size: Int, timeout: Duration): B = self.apply {
            require(size >= 1) { "size < 1: $size" }
            require(timeout.inWholeSeconds in 1..Int.MAX_VALUE) {
                "timeout is not a number of seconds from 1 to ${Int.MAX_VALUE}: $timeout"
            }
            sessionCacheSize = size
            sessionTimeout = timeout
        }

        /** [sessionCache] for callers with Java's durations. */
        public fun sessionCache(size: Int, timeout: java.time.Duration): B = sessionCache(size, timeout.toKotlinDuration())
    }

    private companion object {
        /** RFC 7301, section 3.1. */
        const val LONGEST_ALPN = 255
    }
}

private fun conscryptProvider(): Provider = try {
    org.conscrypt.Conscrypt.newProvider()
} catch (e: LinkageError) {
    throw InvalidTlsConfiguration("Conscrypt is not there: add org.conscrypt:conscrypt-openjdk-uber to the class path ($e)", cause = e)
}
