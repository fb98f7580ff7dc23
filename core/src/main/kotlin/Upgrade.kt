package io.hawser

import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.hawser.transport.wrap
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch

/**
 * Puts a layer over the stream of a live connection, [subject], and another connection in its place. Both have one [life].
 *
 * Whoever ends that gives the reason first and closes what is the outermost stream then; we make a new one the outermost first and look
 * for a reason then: one of us closes it.
 */
@OptIn(TransportApi::class)
internal class Upgrade(private val subject: String, private val life: Lifecycle, private val input: Input) {
    private val raw = life.raw

    /** The connection that calls are to go to now. */
    @Volatile
    var successor: Connection? = null
        private set

    /** Turns those away who still read from the connection or write to it. */
    fun refuse(): Nothing =
        error("$subject " + if (successor == null) "is being upgraded" else "has been upgraded: use the one that the upgrade returned")

    /** Returns the successor, over what [layer] makes of the stream. The connection has ended if it throws. */
    suspend fun put(layer: Layer): Connection {
        // Held here, because a cancellation on the way back would drop the result.
        var wrapped: RawStream? = null
        try {
            return dispatched {
                input.ensureNothingUnread()
                unlessEnded { wrapped = life.terms.unheld { listOf(layer).wrap(raw, life.terms.handshakeTimeout) } }
                succeed(checkNotNull(wrapped))
            }
        } catch (e: Throwable) {
            val hadEnded = life.reason != null
            if (currentCoroutineContext().isActive) life.end(e.closeReason()) else life.abort()
            wrapped?.close()
            successor?.close()
            input.letGo()
            currentCoroutineContext().ensureActive()
            throw if (hadEnded) life.gone() else e
        }
    }

    /** Cancels [block] when somebody ends the connection, wherever it is and whatever it waits for. */
    private suspend fun unlessEnded(block: suspend () -> Unit): Unit = coroutineScope {
        val watch = launch(start = UNDISPATCHED) {
            raw.awaitClosed()
            // A layer that closes the stream itself is going to say why.
            if (life.reason != null) this@coroutineScope.cancel()
        }
        block()
        watch.cancel()
    }

    private fun succeed(wrapped: RawStream): Connection {
        life.raise(wrapped)
        val next = Connection(wrapped, life)
        successor = next
        // Whoever cut it short before this could not know of the next one.
        if (input.isCutShort) next.endInput()
        life.ensureOpen()
        return next
    }
}
