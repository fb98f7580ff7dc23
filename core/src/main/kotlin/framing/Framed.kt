@file:JvmName("Framing")

package io.hawser.framing

import io.hawser.Connection
import io.hawser.LosslessFlow
import java.nio.ByteBuffer
import kotlinx.coroutines.flow.Flow

/**
 * A [connection] as frames of [codec]. It holds nothing of its own: what has come of a frame stays in the connection, so frames can be
 * mixed with lines, exact reads and other codecs, and the limits of readers and writers are the connection's.
 *
 * It closes nothing. After a frame that is too large, or not one at all, each further [receive] fails the same, while [send] still works:
 * one can say what is wrong, and then close.
 */
public class Framed<T : Any> internal constructor(public val connection: Connection, public val codec: FrameCodec<T>) {
    /**
     * Every frame until the end, as [receive] returns them. Cold, and for one collector at a time; what its collector does not take
     * stays in the connection. It completes at a clean end and fails as [receive] does; collected again, it goes on from there.
     */
    public val incoming: Flow<T> = LosslessFlow { while (true) it.emit(receive() ?: break) }

    /**
     * Receives one frame, waiting for it if need be; null at the end of the stream. Cancelling it loses no byte.
     *
     * @throws io.hawser.UnexpectedEnd if the stream ends inside a frame; its bytes can still be read.
     * @throws io.hawser.FrameTooLarge as soon as a frame over the codec's limit can be told, before memory is reserved for it; it stays
     * unread.
     * @throws io.hawser.MalformedFrame if what comes is no frame of the codec: then it stays unread, or, if the codec knows where it
     * ends, the next one can be received.
     * @throws IllegalStateException at once if another coroutine is reading.
     */
    public suspend fun receive(): T? = connection.input.nextFrame(codec)

    /**
     * Sends [frame] as one [Connection.write]: whole, in the order of calls, and cancelled as that is. What the frame is made of must not
     * change until this returns.
     *
     * @throws io.hawser.FrameTooLarge over the codec's limit, before anything is sent.
     * @throws IllegalArgumentException if the codec cannot say the frame, before anything is sent.
     */
    public suspend fun send(frame: T): Unit = connection.write(codec.encode(frame, connection.endpoint))

    /** Sends all of [frames] as one write: nothing comes between them, and if one of them cannot be sent, none is. As [send] for one. */
    public suspend fun sendAll(frames: Iterable<T>) {
        val pieces = ArrayList<ByteBuffer>()
        for (frame in frames) pieces += codec.encode(frame, connection.endpoint)
        connection.write(pieces.toTypedArray())
    }

    override fun toString(): String = "$connection in $codec"
}

/**
 * This connection as frames of [codec]. Costs nothing, and may be done more than once.
 *
 * @sample io.hawser.samples.documentation.framedConnection
 */
public fun <T : Any> Connection.framed(codec: FrameCodec<T>): Framed<T> = Framed(this, codec)
