package io.hawser.tls

import java.nio.ByteBuffer
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLEngineResult
import javax.net.ssl.SSLEngineResult.HandshakeStatus
import javax.net.ssl.SSLParameters
import javax.net.ssl.SSLSession

/** [real], which notices if it is asked for the same again and again. */
internal class CountingEngine(private val real: SSLEngine) : SSLEngine() {
    /** How often it was asked for anything. */
    var calls = 0
        private set

    /** Has records bring nothing, as if there were nothing in them: no engine can be made to send such. */
    var emptiesRecords = false

    override fun wrap(sources: Array<ByteBuffer>, from: Int, count: Int, target: ByteBuffer): SSLEngineResult =
        counted { real.wrap(sources, from, count, target) }

    override fun unwrap(source: ByteBuffer, targets: Array<ByteBuffer>, from: Int, count: Int): SSLEngineResult = counted {
        if (!emptiesRecords) return@counted real.unwrap(source, targets, from, count)
        val result = real.unwrap(source, ByteBuffer.allocate(session.applicationBufferSize))
        SSLEngineResult(result.status, result.handshakeStatus, result.bytesConsumed(), 0)
    }

    override fun getHandshakeStatus(): HandshakeStatus = counted { real.handshakeStatus }

    override fun getDelegatedTask(): Runnable? = counted { real.delegatedTask }

    override fun closeInbound() = real.closeInbound()

    override fun isInboundDone(): Boolean = real.isInboundDone

    override fun closeOutbound() = real.closeOutbound()

    override fun isOutboundDone(): Boolean = real.isOutboundDone

    override fun beginHandshake() = real.beginHandshake()

    override fun getSession(): SSLSession = real.session

    override fun getApplicationProtocol(): String? = real.applicationProtocol

    override fun getSSLParameters(): SSLParameters = real.sslParameters

    override fun setSSLParameters(parameters: SSLParameters) {
        real.sslParameters = parameters
    }

    override fun getSupportedCipherSuites(): Array<String> = real.supportedCipherSuites

    override fun getEnabledCipherSuites(): Array<String> = real.enabledCipherSuites

    override fun setEnabledCipherSuites(suites: Array<String>) {
        real.enabledCipherSuites = suites
    }

    override fun getSupportedProtocols(): Array<String> = real.supportedProtocols

    override fun getEnabledProtocols(): Array<String> = real.enabledProtocols

    override fun setEnabledProtocols(protocols: Array<String>) {
        real.enabledProtocols = protocols
    }

    override fun setUseClientMode(mode: Boolean) {
        real.useClientMode = mode
    }

    override fun getUseClientMode(): Boolean = real.useClientMode

    override fun setNeedClientAuth(need: Boolean) {
        real.needClientAuth = need
    }

    override fun getNeedClientAuth(): Boolean = real.needClientAuth

    override fun setWantClientAuth(want: Boolean) {
        real.wantClientAuth = want
    }

    override fun getWantClientAuth(): Boolean = real.wantClientAuth

    override fun setEnableSessionCreation(flag: Boolean) {
        real.enableSessionCreation = flag
    }

    override fun getEnableSessionCreation(): Boolean = real.enableSessionCreation

    private inline fun <T> counted(call: () -> T): T {
        // No exception, which would be taken for a failed handshake.
        if (++calls > MOST) throw AssertionError("the engine was called $MOST times")
        return call()
    }

    private companion object {
        const val MOST = 1_000_000
    }
}
