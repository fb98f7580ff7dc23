package io.hawser.tls

import io.hawser.transport.Buffers
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import javax.net.ssl.SSLEngine

/**
 * How a server speaks TLS. Immutable: `ServerTls { identity(certificate, key) }` in Kotlin,
 * `ServerTls.builder().identity(certificate, key).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [clientAuth] | [ClientAuth.None] | whether clients have to show a certificate, which `trust` then decides about |
 * | [refuseUnknownNames] | false | whether a client that asks for a name that no identity has is turned away |
 *
 * The others are those of [TlsOptions]; an `identity` is a must.
 */
public class ServerTls private constructor(from: Builder) : TlsOptions(from) {
    /** Whether clients are asked for a certificate. */
    public val clientAuth: ClientAuth = from.clientAuth

    /** Whether a client that asks for a name that no identity has is turned away (unrecognized_name), or shown the first identity. */
    public val refuseUnknownNames: Boolean = from.refuseUnknownNames

    override val engines: Engines

    internal val side: Side

    init {
        if (context == null) {
            if (identities.isEmpty()) throw InvalidTlsConfiguration("a server needs an identity: a certificate and its key")
            if (clientAuth == ClientAuth.None && from.trust.isChosen) {
                throw InvalidTlsConfiguration("clients are to be trusted, and not asked who they are: set clientAuth")
            }
            if (clientAuth != ClientAuth.None && !from.trust.isChosen) {
                throw InvalidTlsConfiguration("clients are asked for a certificate, and nobody's is trusted: call trust")
            }
        }
        if (context != null && refuseUnknownNames) {
            throw InvalidTlsConfiguration("a ready SSLContext does not tell which names its identities have: leave refuseUnknownNames")
        }
        engines = Engines(this, if (from.trust.isChosen) from.trust.managers().map { Verifier.over(it) }.toTypedArray() else null)
        side = ServerSide(this)
    }

    override fun toString(): String = "ServerTls(clientAuth=$clientAuth, refuseUnknownNames=$refuseUnknownNames, ${describe()})"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() : TlsOptions.Builder<Builder>() {
        /** See [ServerTls.clientAuth]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var clientAuth: ClientAuth = ClientAuth.None

        /** See [ServerTls.refuseUnknownNames]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var refuseUnknownNames: Boolean = false

        override val self: Builder get() = this

        /** See [ServerTls.clientAuth]. */
        public fun clientAuth(value: ClientAuth): Builder = apply { clientAuth = value }

        /** See [ServerTls.refuseUnknownNames]. */
        public fun refuseUnknownNames(value: Boolean): Builder = apply { refuseUnknownNames = value }

        /** @throws InvalidTlsConfiguration if it cannot work. */
        public fun build(): ServerTls = ServerTls(this)
    }

    public companion object {
        /** The options with what [block] says. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit): ServerTls = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

@OptIn(TransportApi::class)
private class ServerSide(private val tls: ServerTls) : Side {
    private val names = if (tls.refuseUnknownNames) listOf(KnownNames(tls.identities)) else null

    override val speaksFirst: Boolean get() = false
    override val isNative: Boolean get() = tls.engines.areNative
    override val buffers: Buffers get() = tls.engines.buffers
    override val acceptTruncation: Boolean get() = tls.acceptTruncation

    override suspend fun engine(stream: RawStream): SSLEngine = tls.engines.server { parameters ->
        when (tls.clientAuth) {
            ClientAuth.None -> Unit
            ClientAuth.Optional -> parameters.wantClientAuth = true
            ClientAuth.Required -> parameters.needClientAuth = true
        }
        names?.let { parameters.sniMatchers = it }
    }
}
