package io.hawser.framing

import io.hawser.Endpoint
import java.nio.ByteBuffer
import java.util.function.Function

/**
 * Cuts a stream of bytes into frames, and makes bytes of frames. An immutable value: any number of connections may share one.
 *
 * Both directions are pure, so a codec can be used without a connection. A codec holds a frame to its limit as soon as it knows that
 * the frame is over it, and reserves no memory on a peer's word: what is held grows with what has arrived.
 *
 * An empty frame is a frame, wherever its codec can say one.
 */
public interface FrameCodec<T : Any> {
    /**
     * Takes one frame off the front of [bytes] and moves the position behind it, or returns null, the position untouched, if more bytes
     * are needed. Leaves everything else of [bytes] as it is and keeps nothing of it, nor relies on its byte order.
     *
     * A call before this one looked at the first [seen] bytes in vain: searching begins behind them, else a frame that comes byte by
     * byte would cost the square of its length.
     *
     * A failure either leaves the position where it was, and then every later call fails the same, or has moved it behind the frame, and
     * then the next frame can be taken.
     *
     * @param peer who sent the bytes, as failures name it.
     * @throws io.hawser.FrameTooLarge as soon as a frame over the limit can be told.
     * @throws io.hawser.MalformedFrame if this is no frame.
     */
    public fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): T?

    /**
     * The bytes of one frame for [peer], in order; those of a large frame may be its own, which must not change until they are sent.
     *
     * @throws io.hawser.FrameTooLarge over the limit.
     * @throws IllegalArgumentException if [frame] cannot be said so that [decode] gives it back.
     */
    public fun encode(frame: T, peer: Endpoint): Array<ByteBuffer>

    /** What [bytes] are the beginning of, as [io.hawser.UnexpectedEnd] names it. */
    public fun expected(bytes: ByteBuffer): String = "a frame"

    /**
     * Frames of another type: [decode] makes one of a frame of this codec, [encode] the reverse. Both run in whichever coroutine
     * receives or sends, and are shared as the codec is.
     *
     * A [decode] that fails makes the frame an [io.hawser.MalformedFrame]: it is gone, and the next one can be received. Socket failures
     * are thrown as they are.
     */
    public fun <R : Any> map(decode: Function<in T, out R>, encode: Function<in R, out T>): FrameCodec<R> = Typed(this, decode, encode)
}
