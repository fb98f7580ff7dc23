package io.hawser.tls

import io.hawser.tls.TlsHandshakeFailed.Reason
import io.hawser.transport.Buffers
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.net.InetSocketAddress
import java.security.cert.X509Certificate
import java.security.interfaces.RSAKey
import javax.net.ssl.SSLEngine

/**
 * How a client speaks TLS. Immutable: `ClientTls { trust(authority) }` in Kotlin, `ClientTls.builder().trust(authority).build()` in Java.
 *
 * The server's certificate has to be issued by somebody who is trusted, and to have the name that is asked for among its alternative names
 * (RFC 9525; a common name does not count). Where [pins] are given it has to be one of those, too.
 *
 * The options are those of [TlsOptions].
 */
public class ClientTls private constructor(from: Builder) : TlsOptions(from) {
    /** What the server's public key has to be, one of them: see [Builder.pin]. */
    public val pins: Set<String> = from.pins.toSet()

    internal val isInsecure: Boolean = from.isInsecure

    override val engines: Engines = Engines(
        this,
        if (isInsecure) {
            arrayOf(TrustInAnybody)
        } else {
            from.trust.managers().map { Verifier.over(it) { host, own -> objectionTo(ServerName.of(host), own) } }.toTypedArray()
        },
    )

    internal fun side(name: ServerName): Side = ClientSide(this, name)

    /** What the JDK still puts up with, 1024 bits, can be broken (RFC 9325, section 4.1). */
    private val X509Certificate.isWeak: Boolean get() = (publicKey as? RSAKey)?.let { it.modulus.bitLength() < LEAST_RSA } ?: false

    /** The engine's own check of the name lets common names and wildcards of all kinds pass. */
    internal fun objectionTo(name: ServerName, certificate: X509Certificate): Objection? = when {
        !name.matches(certificate) ->
            Objection(Reason.WrongHost, "the certificate of ${certificate.subjectX500Principal} is not for $name")

        certificate.isWeak ->
            Objection(Reason.BadCertificate, "the RSA key of ${certificate.subjectX500Principal} has less than $LEAST_RSA bits")

        pins.isNotEmpty() && Pins.of(certificate) !in pins ->
            Objection(Reason.NotPinned, "the key of ${certificate.subjectX500Principal} is ${Pins.of(certificate)}, which is not pinned")

        else -> null
    }

    override fun toString(): String = "ClientTls(pins=$pins, ${if (isInsecure) "trusts anybody, " else ""}${describe()})"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() : TlsOptions.Builder<Builder>() {
        internal val pins = mutableSetOf<String>()
        internal var isInsecure = false

        override val self: Builder get() = this

        /**
         * Wants the server's certificate to have the public key whose hash is [pin], as `sha256/` and 32 bytes in Base64 of the SHA-256 of
         * its SubjectPublicKeyInfo (RFC 7469, section 2.4), or one of several. It has to be trusted as well.
         *
         * @throws InvalidTlsConfiguration if [pin] is no such thing.
         */
        public fun pin(pin: String): Builder = apply { pins += Pins.checked(pin) }

        /** @throws InvalidTlsConfiguration if it cannot work. */
        public fun build(): ClientTls = ClientTls(this)
    }

    public companion object {
        private val ofSystem by lazy { ClientTls { } }
        private const val LEAST_RSA = 2048

        /** The options with what [block] says. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit): ClientTls = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        /** Trusts whom the system trusts. */
        @JvmStatic
        public fun system(): ClientTls = ofSystem

        /**
         * Trusts anybody under any name: whoever sits on the line can read and alter everything. For a look at a server that has no
         * certificate yet.
         */
        @JvmStatic
        public fun insecureForTesting(): ClientTls = Builder().apply { isInsecure = true }.build()
    }
}

@OptIn(TransportApi::class)
private class ClientSide(private val tls: ClientTls, private val name: ServerName) : Side {
    override val speaksFirst: Boolean get() = true
    override val isNative: Boolean get() = tls.engines.areNative
    override val buffers: Buffers get() = tls.engines.buffers
    override val acceptTruncation: Boolean get() = tls.acceptTruncation
    override val serverName: String get() = "$name"

    override suspend fun engine(stream: RawStream): SSLEngine {
        val port = (stream.remote as? InetSocketAddress)?.port ?: NO_PORT
        return tls.engines.client("$name".takeIf { name.isUsual }, port) { parameters ->
            name.sni?.let { parameters.serverNames = listOf(it) }
            // A name that no host has, as one with an underscore, it takes for a mistake; we look at them all.
            if (!tls.isInsecure && name.isUsual) parameters.endpointIdentificationAlgorithm = "HTTPS"
        }
    }

    /** Again, because a session that is resumed is not verified anew, and a context that was given may verify nothing. */
    override fun objectionTo(session: TlsSession): Objection? {
        if (tls.isInsecure) return null
        val certificate = session.peerCertificates.firstOrNull() ?: return Objection(Reason.NoCertificate, "the server has no certificate")
        return tls.objectionTo(name, certificate)
    }

    private companion object {
        const val NO_PORT = -1
    }
}
