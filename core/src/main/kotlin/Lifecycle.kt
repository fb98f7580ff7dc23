package io.hawser

import io.hawser.event.ConnectionEvent
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.channels.ClosedChannelException
import java.util.concurrent.atomic.AtomicReference

/**
 * Whether a connection lives, why it does not, and what its calls fail with then. The same for both of its sides, and for the connections
 * that take its place in an [Upgrade].
 */
@OptIn(TransportApi::class)
internal class Lifecycle(raw: RawStream, val terms: Terms) {
    /** The outermost stream: the one that is closed. */
    @Volatile
    var raw: RawStream = raw
        private set

    private val ending = AtomicReference<CloseReason?>()

    /** Reads find the end of the stream: the peer's, or the one we made for them. */
    @Volatile
    var inputEnded = false

    @Volatile
    var peerHasEnded = false
        private set

    /** Nobody reads any more: how the peer ends is no failure of anything. */
    @Volatile
    var isParting = false

    val reason: CloseReason? get() = ending.get()

    /** The peer's end of the stream has been read. */
    fun peerEnded() {
        peerHasEnded = true
        inputEnded = true
    }

    /** Has reads listen to the peer again. */
    fun resumeInput() {
        inputEnded = peerHasEnded
    }

    /** Makes [outer], which is over the stream, the one that is closed from now on. */
    fun raise(outer: RawStream) {
        raw = outer
    }

    /** Suspends until the outermost stream has been closed and is free. */
    suspend fun awaitClosed() {
        do {
            val outermost = raw
            outermost.awaitClosed()
        } while (raw !== outermost)
    }

    fun close() = end(if (peerHasEnded) CloseReason.Peer else CloseReason.Local)

    fun abort() = end(CloseReason.Local, RawStream::abort)

    /** Closes for [why] unless it is closed already. */
    fun end(why: CloseReason) = end(why, RawStream::close)

    /** Ends it because of a timeout: [how], unless it is closed already. */
    fun end(timeout: SocketFailure, how: (RawStream) -> Unit) = end(CloseReason.Timeout(timeout), how)

    private inline fun end(why: CloseReason, how: (RawStream) -> Unit) {
        val first = ending.compareAndSet(null, why)
        // A layer may have to say that it ends, over what holds it back.
        terms.throttle?.output?.letPass()
        how(raw)
        if (first && terms.announcesEnd) announce(why)
    }

    /** @throws SocketFailure unless the connection lives. */
    fun ensureOpen() {
        if (ending.get() != null) throw gone()
    }

    /** What a call that met [e] in the stream fails with. If it says that nothing will ever come again, the connection is over. */
    fun inputFailed(e: IOException): IOException {
        if (e is ClosedChannelException) return gone()
        end(
            when {
                e is ConnectionReset -> CloseReason.Reset
                isParting -> CloseReason.Local
                else -> CloseReason.Failure(e)
            },
        )
        return e
    }

    /** The same for output, which fails alone: what the peer sent before may still be there to be read. */
    fun outputFailed(e: IOException): IOException {
        if (e is ClosedChannelException) return gone()
        if (e !is ConnectionLost) end(CloseReason.Failure(e))
        return e
    }

    inline fun publish(event: (id: Long) -> ConnectionEvent) {
        terms.events?.publish { event(terms.id) }
    }

    private fun announce(why: CloseReason) {
        when (why) {
            is CloseReason.Timeout -> why.cause
            is CloseReason.Failure -> why.cause
            CloseReason.Peer, CloseReason.Local, CloseReason.Reset -> null
        }?.let { cause -> publish { id -> ConnectionEvent.Failed(id, raw.local, raw.remote, cause) } }
        publish { id -> ConnectionEvent.Closed(id, raw.local, raw.remote, why) }
    }

    /** What calls fail with once it is closed. */
    fun gone(): SocketFailure = when (val reason = ending.get() ?: CloseReason.Local) {
        is CloseReason.Reset -> ConnectionReset(raw.endpoint)
        is CloseReason.Timeout -> reason.cause.again()
        else -> ConnectionClosed(raw.endpoint, reason)
    }

    /** The same timeout as the failure of another call, with that call's stack. */
    private fun SocketFailure.again(): SocketFailure = when (this) {
        is WriteTimeout -> WriteTimeout(endpoint, timeout)
        is IdleTimeout -> IdleTimeout(endpoint, timeout)
        else -> ConnectionClosed(raw.endpoint, CloseReason.Timeout(this))
    }
}
