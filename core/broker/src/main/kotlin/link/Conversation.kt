package io.hawser.broker.link

import io.hawser.Connection
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.FrameParser
import io.hawser.broker.wire.FrameWriter
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.Violation
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/**
 * What goes over one [connection], both ways, until it ends: what waits in [outbound] is written, what comes is made frames of, and a
 * silent peer is asked whether it is there.
 *
 * @param pauses whether a peer that does not take what waits for it is not listened to. One side only may do that: two that both wait
 *   until the other one listens would wait for ever.
 */
internal class Conversation(
    private val connection: Connection,
    private val outbound: Outbound,
    private val parser: FrameParser,
    pingEvery: Duration,
    pingTimeout: Duration,
    private val pauses: Boolean,
) {
    private val heartbeat = Heartbeat(connection, outbound, pingEvery, pingTimeout, ::lose)

    /** What has ended the connection, if that was here. */
    private var failure: Throwable? = null

    /**
     * Has [hear] know of each frame that comes, on the connection's loop, where this is to be called. Returns when the peer has ended its
     * stream; what waits then has not all left. After a [Violation], in what comes or by [hear], the peer is told, and [left] called: nothing
     * can be said any more, and the call ends when the peer has heard it, or will not.
     *
     * @throws io.hawser.SocketFailure for what else ended it.
     */
    suspend fun run(left: () -> Unit = {}, hear: (Frame) -> Unit): Unit = coroutineScope {
        val writer = launch { write() }
        heartbeat.start()
        try {
            connection.incoming().collect { arrival ->
                heartbeat.heard()
                Rousing.together { parser.feed(arrival) { if (it is Frame.Ping) outbound.say(Frame.Pong(it.content)) else hear(it) } }
                if (pauses && !outbound.hasRoom) heartbeat.deaf { outbound.awaitRoom() }
            }
            parser.end()
        } catch (e: Violation) {
            outbound.closeWith(Frame.GoAway(e.code.number, Text.of(e.detail)))
            left()
            withTimeoutOrNull(LAST_WORDS) { writer.join() }
            throw e.failure
        } catch (e: IOException) {
            throw failure ?: e
        } finally {
            heartbeat.stop()
            writer.cancel()
        }
    }

    private suspend fun write() {
        try {
            while (true) {
                val batch = outbound.take() ?: break
                connection.write(FrameWriter.encode(batch))
                outbound.left()
            }
            connection.shutdownOutput()
        } catch (e: IOException) {
            lose(e)
            // Whoever waits for room reads on, and meets the end.
            outbound.drop()
        }
    }

    private fun lose(cause: Throwable) {
        if (failure == null && connection.isOpen) failure = cause
        connection.close()
    }

    private companion object {
        val LAST_WORDS = 2.seconds
    }
}
