package io.hawser.tls

import io.hawser.transport.Buffers
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import javax.net.ssl.SSLEngine

/** What a handshake needs to know of us, the client or the server. */
@OptIn(TransportApi::class)
internal interface Side {
    val speaksFirst: Boolean

    /** Whether the engines are of native code. */
    val isNative: Boolean

    /** Where records are put together and taken apart. */
    val buffers: Buffers
    val acceptTruncation: Boolean

    /** The name that we ask for, or null for a server. */
    val serverName: String? get() = null

    /** An engine for a connection over [stream]. */
    suspend fun engine(stream: RawStream): SSLEngine

    /** What is wrong with the peer although the engine is content, or null. */
    fun objectionTo(session: TlsSession): Objection? = null
}
