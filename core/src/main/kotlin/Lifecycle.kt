package io.hawser

import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.channels.ClosedChannelException
import java.util.concurrent.atomic.AtomicReference

/** Whether a connection lives, why it does not, and what its calls fail with then. The same for both of its sides. */
@OptIn(TransportApi::class)
internal class Lifecycle(val raw: RawStream) {
    private val ending = AtomicReference<CloseReason?>()

    /** The peer's end of the stream has been read. */
    @Volatile
    var inputEnded = false

    val reason: CloseReason? get() = ending.get()

    fun close() = end(if (inputEnded) CloseReason.Peer else CloseReason.Local)

    fun abort() {
        ending.compareAndSet(null, CloseReason.Local)
        raw.abort()
    }

    /** Closes for [why] unless it is closed already. */
    fun end(why: CloseReason) {
        ending.compareAndSet(null, why)
        raw.close()
    }

    /** @throws SocketFailure unless the connection lives. */
    fun ensureOpen() {
        if (ending.get() != null) throw gone()
    }

    /** What a call that met [e] in the stream fails with. If it says that nothing will ever come again, the connection is over. */
    fun inputFailed(e: IOException): IOException {
        if (e is ClosedChannelException) return gone()
        end(if (e is ConnectionReset) CloseReason.Reset else CloseReason.Failure(e))
        return e
    }

    /** The same for output, which fails alone: what the peer sent before may still be there to be read. */
    fun outputFailed(e: IOException): IOException {
        if (e is ClosedChannelException) return gone()
        if (e !is ConnectionLost) end(CloseReason.Failure(e))
        return e
    }

    private fun gone(): SocketFailure {
        val reason = ending.get() ?: CloseReason.Local
        return if (reason is CloseReason.Reset) ConnectionReset(raw.endpoint) else ConnectionClosed(raw.endpoint, reason)
    }
}
