package io.hawser.tls

import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi
import java.security.GeneralSecurityException
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLException
import javax.net.ssl.SSLParameters
import javax.net.ssl.TrustManager
import org.conscrypt.Conscrypt
import org.slf4j.Logger
import org.slf4j.LoggerFactory

/**
 * Makes engines of [options], which are checked when this is made. Where an identity has changed, the engines after that are of a new
 * context, so that none has the certificate of one version and the key of another; sessions of the old one are not resumed.
 */
internal class Engines(private val options: TlsOptions, private val trust: Array<TrustManager>?) {
    private class Made(val materials: List<Material>, val context: SSLContext)

    @Volatile
    private var made = make(options.identities.map { it.current() })

    /** What is the same for all connections. */
    private val protocols: Array<String>
    private val suites: Array<String>

    val areNative: Boolean

    @OptIn(TransportApi::class)
    val buffers: Buffers get() = if (areNative) RecordBuffers.direct else RecordBuffers.heap

    init {
        // The context would say the same, and Conscrypt's make a socket for it that it never closes.
        val engine = try {
            made.context.createSSLEngine()
        } catch (e: IllegalStateException) {
            throw InvalidTlsConfiguration("the SSLContext cannot be used: ${e.message}", cause = e)
        }
        protocols = options.versions.map { it.protocol }.onEach { protocol ->
            if (protocol !in
                engine.supportedProtocols
            ) {
                throw InvalidTlsConfiguration("$protocol is not supported by ${made.context.provider}")
            }
        }.toTypedArray()
        suites = suitesOf(engine.supportedCipherSuites.toSet())
        Groups.check(engine.sslParameters, options.groups)
        areNative = engine.isNative
        if (areNative) engine.free()
    }

    /** An engine of a server with what [TlsOptions.identities] are now; [adapt] adds what it needs beyond the options. */
    suspend fun server(adapt: (SSLParameters) -> Unit): SSLEngine {
        val engine = configured(current().createSSLEngine(), isClient = false, adapt)
        if (areNative && options.alpn.isNotEmpty()) engine.setHandshakeApplicationProtocolSelector { _, offered -> agreed(offered) }
        return engine
    }

    /** The same for a client of [host], whose sessions with [host] and [port] may be resumed, or of one that engines cannot name. */
    suspend fun client(host: String?, port: Int, adapt: (SSLParameters) -> Unit): SSLEngine {
        val context = current()
        return configured(if (host == null) context.createSSLEngine() else context.createSSLEngine(host, port), isClient = true, adapt)
    }

    /** Conscrypt would go on without a protocol, whatever the selector returns. */
    private fun agreed(offered: List<String>): String = options.alpn.firstOrNull { it in offered }
        ?: throw IllegalStateException("no application protocol in common: the client has ${offered.joinToString()}")

    private fun configured(engine: SSLEngine, isClient: Boolean, adapt: (SSLParameters) -> Unit): SSLEngine {
        engine.useClientMode = isClient
        // Else it gives its clients nothing to resume.
        if (engine.isNative && !isClient) Conscrypt.setUseSessionTickets(engine, true)
        val parameters = engine.sslParameters
        parameters.protocols = protocols
        parameters.cipherSuites = suites
        parameters.useCipherSuitesOrder = true
        if (options.alpn.isNotEmpty()) parameters.applicationProtocols = options.alpn.toTypedArray()
        Groups.set(parameters, options.groups)
        adapt(parameters)
        engine.sslParameters = parameters
        return engine
    }

    private suspend fun current(): SSLContext {
        for (identity in options.identities) identity.refreshed()
        return if (isCurrent()) made.context else renewed()
    }

    private fun isCurrent(): Boolean {
        val materials = made.materials
        return options.identities.indices.all { options.identities[it].current() === materials[it] }
    }

    /** One at a time, and none that is older than what there is. */
    @Synchronized
    private fun renewed(): SSLContext {
        if (!isCurrent()) {
            try {
                made = make(options.identities.map { it.current() })
            } catch (e: InvalidTlsConfiguration) {
                log.warn("an identity has changed and cannot be used, so the one before goes on", e)
            }
        }
        return made.context
    }

    private fun make(materials: List<Material>): Made {
        options.context?.let { return Made(materials, it) }
        try {
            val provider = options.provider
            val context = if (provider == null) SSLContext.getInstance("TLS") else SSLContext.getInstance("TLS", provider)
            context.init(arrayOf(Identities(materials)), trust, null)
            for (sessions in listOf(context.serverSessionContext, context.clientSessionContext)) {
                options.sessionCacheSize?.let { sessions.sessionCacheSize = it }
                options.sessionTimeoutSeconds?.let { sessions.sessionTimeout = it }
            }
            return Made(materials, context)
        } catch (e: GeneralSecurityException) {
            throw InvalidTlsConfiguration("${options.provider ?: "the JDK"} has no TLS: ${e.message}", cause = e)
        }
    }

    private fun suitesOf(supported: Set<String>): Array<String> {
        (options.suites - supported).firstOrNull()?.let { unknown ->
            throw InvalidTlsConfiguration("$unknown is no cipher suite that ${made.context.provider} has")
        }
        val wanted = options.suites.ifEmpty { Suites.default.filter { it in supported } }
        for (version in options.versions) {
            if (wanted.none { Suites.isOf(it, version) }) {
                throw InvalidTlsConfiguration("none of the suites is one of ${version.protocol}: ${wanted.joinToString()}")
            }
        }
        return wanted.toTypedArray()
    }

    private companion object {
        val log: Logger = LoggerFactory.getLogger(Engines::class.java)
    }
}

/** Whether it is Conscrypt's, which then is on the class path. */
internal val SSLEngine.isNative: Boolean get() = javaClass.name.startsWith("org.conscrypt.")

/** Has an engine of native code give back what it has of the system, which it else does with the garbage. */
internal fun SSLEngine.free() {
    closeOutbound()
    try {
        closeInbound()
    } catch (_: SSLException) {
        // It says that the peer did not end the session, which nobody asks any more.
    }
}
