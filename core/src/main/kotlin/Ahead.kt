package io.hawser

import io.hawser.framing.FrameCodec
import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer

/** Bytes that were read and not yet asked for, in one buffer, lent by [buffers] or grown beyond those. For one coroutine at a time. */
@OptIn(TransportApi::class)
internal class Ahead(private val buffers: Buffers) {
    /** Null rather than empty. */
    private var buffer: ByteBuffer? = null

    val isEmpty: Boolean get() = buffer == null

    val size: Int get() = buffer?.remaining() ?: 0

    /** Keeps [bytes], where nothing is kept yet. */
    fun put(bytes: ByteBuffer) {
        check(isEmpty) { "$size bytes are kept already" }
        if (bytes.hasRemaining()) buffer = bytes else buffers.give(bytes)
    }

    /** All of it, or null if there is nothing. */
    fun takeAll(): ByteBuffer? = buffer.also { buffer = null }

    /** Moves what fits into [target], and returns how much that was. */
    fun take(target: ByteBuffer): Int {
        val from = checkNotNull(buffer)
        val count = minOf(from.remaining(), target.remaining())
        target.put(target.position(), from, from.position(), count)
        target.position(target.position() + count)
        from.position(from.position() + count)
        if (!from.hasRemaining()) drop()
        return count
    }

    fun drop() {
        takeAll()?.let(buffers::give)
    }

    /** Holds it in memory of its own size: a peer that sends half a line and falls silent costs as much as it sent. */
    fun stash() {
        val held = buffer ?: return
        // What a large frame has grown stays for the next one only while there is much of that.
        if (!held.isDirect && (held.capacity() <= MIN_STASH || held.remaining() > held.capacity() / SPARSE)) return
        buffer = ByteBuffer.allocate(maxOf(held.remaining() * 2, MIN_STASH)).put(held).flip()
        buffers.give(held)
    }

    /** What little is left holds no lent buffer while its connection's owner sees to something else. */
    fun rest() {
        val held = buffer ?: return
        if (held.isDirect && held.remaining() <= LITTLE) stash()
    }

    /** Has [read] put more behind it, and returns what that returned. */
    inline fun append(read: (ByteBuffer) -> Int): Int {
        val target = withRoom()
        val start = target.position()
        val end = target.limit()
        target.limit(target.capacity()).position(end)
        try {
            return read(target)
        } finally {
            target.limit(target.position()).position(start)
            keep(target)
        }
    }

    /** Takes one frame off the front, or returns null if [codec] needs more than there is. */
    fun <T : Any> takeFrame(codec: FrameCodec<T>, seen: Int, peer: Endpoint): T? {
        val bytes = buffer ?: return null
        val start = bytes.position()
        try {
            val frame = codec.decode(bytes, seen, peer)
            // Else it would be taken again and again.
            check(frame == null || bytes.position() > start) { "$codec has taken a frame of no bytes" }
            check(frame != null || bytes.position() == start) { "$codec has taken bytes and no frame" }
            return frame
        } finally {
            if (!bytes.hasRemaining()) drop()
        }
    }

    /** What [codec] expects, as failures say it, where a frame has begun. */
    fun expected(codec: FrameCodec<*>): String = codec.expected(checkNotNull(buffer))

    /** The bytes in a buffer that has room behind them. */
    private fun withRoom(): ByteBuffer {
        val bytes = buffer ?: return buffers.take().limit(0)
        return when {
            // The next read is not to be small because little was left.
            !bytes.isDirect && bytes.remaining() <= minOf(LITTLE, buffers.size / 2) -> buffers.take().put(bytes).flip()

            bytes.limit() < bytes.capacity() -> bytes

            bytes.position() > 0 -> bytes.compact().flip()

            else -> ByteBuffer.allocate(doubled(bytes.capacity())).put(bytes).flip().also { buffers.give(bytes) }
        }
    }

    private fun keep(bytes: ByteBuffer) {
        buffer = null
        put(bytes)
    }

    private companion object {
        const val MIN_STASH = 256
        const val SPARSE = 8
        const val LITTLE = 1024

        /** About what an array can hold. */
        const val MAX_SIZE = Int.MAX_VALUE - 8

        fun doubled(size: Int): Int {
            check(size < MAX_SIZE) { "nothing holds more than $size bytes" }
            return minOf(size * 2L, MAX_SIZE.toLong()).toInt()
        }
    }
}
