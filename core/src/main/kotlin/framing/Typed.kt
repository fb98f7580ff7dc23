package io.hawser.framing

import io.hawser.Endpoint
import io.hawser.MalformedFrame
import io.hawser.SocketFailure
import java.nio.ByteBuffer
import java.util.function.Function

/** Frames of [codec] as what [reading] makes of them. */
internal class Typed<T : Any, R : Any>(
    private val codec: FrameCodec<T>,
    private val reading: Function<in T, out R>,
    private val writing: Function<in R, out T>,
) : FrameCodec<R> {
    override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): R? {
        val frame = codec.decode(bytes, seen, peer) ?: return null
        return try {
            // Java's functions may return null, which would mean that bytes are missing.
            checkNotNull<R>(reading.apply(frame)) { "decoded to null" }
        } catch (e: Exception) {
            // A cancellation is none of the receiver's: nothing here suspends.
            if (e is SocketFailure) throw e
            throw MalformedFrame(peer, e)
        }
    }

    override fun encode(frame: R, peer: Endpoint): Array<ByteBuffer> = codec.encode(writing.apply(frame), peer)

    override fun expected(bytes: ByteBuffer): String = codec.expected(bytes)

    override fun toString(): String = "typed $codec"
}
