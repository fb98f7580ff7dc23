package io.hawser.framing

import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.KotlinOnly
import io.hawser.LosslessFlow
import io.hawser.ReadTimeout
import io.hawser.WriteTimeout
import io.hawser.dispatched
import java.nio.ByteBuffer
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A conversation in messages over a [connection]: what comes is a flow, and what is sent waits in a bounded queue, so that whoever sends
 * need not wait for the peer. Made by [Connection.session], and over when that returns.
 *
 * One coroutine receives at a time, any number may send, from any thread.
 */
public class Session<T : Any> internal constructor(
    public val connection: Connection,
    /** Cuts what comes into messages, and makes bytes of what is sent. */
    public val codec: FrameCodec<T>,
    private val options: SessionOptions,
) {
    private val framed = connection.framed(codec)
    private val queue = SendQueue(options.maxMessages, options.maxBytes)

    /**
     * Every message until the end, as [receive] returns them. Cold, and for one collector at a time; what its collector does not take stays
     * in the connection. It completes at a clean end.
     */
    public val incoming: Flow<T> = LosslessFlow { while (true) it.emit(receive() ?: break) }

    /**
     * Receives one message, waiting for it; null at the end of the stream. Cancelling it loses nothing.
     *
     * @throws ReadTimeout if it has not come whole within [SessionOptions.receiveTimeout]; what has come of it stays.
     * @throws io.hawser.SocketFailure as [Framed.receive] does.
     */
    public suspend fun receive(): T? {
        val limit = options.receiveTimeout
        if (limit.isInfinite()) return framed.receive()
        // Held here, because a timeout or a cancellation on the way back would drop the message.
        var result: Result<T?>? = null
        try {
            dispatched { withTimeoutOrNull(limit) { result = Result.success(framed.receive()) } }
        } catch (e: CancellationException) {
            if (result == null) throw e
        }
        return (result ?: throw ReadTimeout(connection.endpoint, limit.toJavaDuration())).getOrNull()
    }

    /**
     * Has [message] leave behind those before it, and returns as soon as there is room for it in the queue. What it is made of must not
     * change any more. Cancelled before, it is not sent.
     *
     * @throws io.hawser.FrameTooLarge over the codec's limit.
     * @throws IllegalArgumentException if the codec cannot say it.
     * @throws ConnectionClosed if the connection is, or becomes, closed.
     * @throws IllegalStateException once the session is over.
     */
    public suspend fun send(message: T) {
        val bytes = codec.encode(message, connection.endpoint)
        if (!dispatched { queue.put(bytes) }) over()
    }

    /** As [send], but it never waits: false if there is no room, or if others wait for some, or once the session is over. */
    public fun trySend(message: T): Boolean = queue.offer(codec.encode(message, connection.endpoint))

    /**
     * Suspends until everything sent so far has left, and whatever is sent meanwhile.
     *
     * @throws ConnectionClosed if that cannot leave any more because the connection is closed.
     * @throws IllegalStateException if it cannot because the session is over.
     */
    public suspend fun flush() {
        if (!dispatched { queue.awaitEmpty() }) over()
    }

    override fun toString(): String = "session over $framed"

    /** Writes what is sent until [end]. */
    internal suspend fun write() {
        try {
            while (true) {
                val messages = queue.next(if (options.sendTimeout.isInfinite()) options.maxMessages else 1) ?: break
                write(messages)
                queue.left(messages.size)
            }
        } finally {
            queue.abandon()
        }
    }

    /** Takes nothing more to send. */
    internal fun end(): Unit = queue.close()

    private suspend fun write(messages: List<Array<ByteBuffer>>) {
        val pieces = messages.singleOrNull() ?: messages.flatMap { it.asList() }.toTypedArray()
        val limit = options.sendTimeout
        if (limit.isInfinite()) return connection.write(pieces)
        var done = false
        withTimeoutOrNull(limit) {
            connection.write(pieces)
            done = true
        }
        if (done) return
        connection.abort()
        throw WriteTimeout(connection.endpoint, limit.toJavaDuration())
    }

    private fun over(): Nothing {
        connection.closeReason?.let { throw ConnectionClosed(connection.endpoint, it) }
        error("$this is over")
    }
}

/**
 * Runs [block] with a session over this connection, and returns what it returns when all that it launched has ended and all that it sent
 * has left. It closes nothing.
 *
 * If a message cannot be sent, [block] is cancelled and this fails with the reason; if [block] fails or is cancelled, what still waits is
 * not sent.
 */
@KotlinOnly
public suspend fun <T : Any, R> Connection.session(
    codec: FrameCodec<T>,
    options: SessionOptions = SessionOptions(),
    block: suspend CoroutineScope.(Session<T>) -> R,
): R = coroutineScope {
    val session = Session(this@session, codec, options)
    val writer = launch(CoroutineName("writer of $session"), UNDISPATCHED) { session.write() }
    val result = coroutineScope { block(session) }
    session.end()
    writer.join()
    result
}
