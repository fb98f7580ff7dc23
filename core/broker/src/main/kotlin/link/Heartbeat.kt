package io.hawser.broker.link

import io.hawser.Connection
import io.hawser.ReadTimeout
import io.hawser.SocketFailure
import io.hawser.WriteTimeout
import io.hawser.broker.wire.Frame
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.DisposableHandle

/**
 * Asks a peer that has said nothing for [every] whether it is there; one that says nothing for [timeout] more is [lost]. Pings of our own
 * prove nothing, so what is written does not count, unless this side does not listen just now. One that has taken nothing of what waits for
 * it for as long is lost too, whatever it says.
 *
 * All of it runs on the loop of the [connection].
 */
@OptIn(TransportApi::class)
internal class Heartbeat(
    private val connection: Connection,
    private val outbound: Outbound,
    private val every: Duration,
    private val timeout: Duration,
    private val lost: (SocketFailure) -> Unit,
) {
    private val loop = connection.transport.loop
    private var lastSign = loop.nanoTime()
    private var written = connection.bytesWritten
    private var lastTaken = lastSign

    /** There was something to take when it was last looked. */
    private var isTaking = false
    private var isListening = true
    private var isAsked = false
    private var isStopped = false
    private var timer: DisposableHandle? = null

    fun start() {
        if (every.isFinite()) arm(every)
    }

    /** The peer has said something. */
    fun heard() {
        lastSign = loop.nanoTime()
        isAsked = false
    }

    /** Runs [wait], during which this side does not listen: then a peer that takes something lives. */
    suspend fun deaf(wait: suspend () -> Unit) {
        isListening = false
        try {
            wait()
        } finally {
            isListening = true
            heard()
        }
    }

    fun stop() {
        isStopped = true
        timer?.dispose()
    }

    private fun look() {
        if (isStopped) return
        val now = loop.nanoTime()
        val takes = connection.bytesWritten != written
        if (takes || !isTaking) lastTaken = now
        isTaking = outbound.bytes > 0
        if (takes && !isListening) heard()
        written = connection.bytesWritten
        val silence = (now - lastSign).nanoseconds
        val patience = every + timeout
        when {
            (now - lastTaken).nanoseconds >= patience -> lost(WriteTimeout(connection.endpoint, patience.toJavaDuration()))

            silence < every -> arm(every - silence)

            !isAsked -> {
                isAsked = true
                outbound.say(Frame.Ping(numbers.incrementAndGet()))
                arm(timeout)
            }

            else -> lost(ReadTimeout(connection.endpoint, patience.toJavaDuration()))
        }
    }

    private fun arm(after: Duration) {
        timer = loop.schedule(after, ::look)
    }

    private companion object {
        val numbers = AtomicLong()
    }
}
