package io.hawser.tls

import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer

/** Bytes on their way, in a buffer that is lent by [pool] while there are any. For one thread at a time. */
@OptIn(TransportApi::class)
internal class Transit(private val pool: Buffers) {
    /** Null rather than empty; from its position to its limit. */
    private var buffer: ByteBuffer? = null

    val isEmpty: Boolean get() = buffer == null

    val size: Int get() = buffer?.remaining() ?: 0

    /** The byte that comes [index] after the first, unsigned. */
    operator fun get(index: Int): Int = held().let { it.get(it.position() + index).toInt() and 0xff }

    /** Whether [count] more fit behind what there is without a larger buffer. */
    fun hasRoomFor(count: Int): Boolean = size + count <= pool.size

    /** Has [put] add to the end, where it finds room for at least [room] bytes. */
    inline fun <T> append(room: Int, put: (ByteBuffer) -> T): T {
        val target = withRoom(room)
        val start = target.position()
        target.position(target.limit()).limit(target.capacity())
        try {
            return put(target)
        } finally {
            target.limit(target.position()).position(start)
            keep(target)
        }
    }

    /** Has [get] take from the front. */
    inline fun <T> take(get: (ByteBuffer) -> T): T {
        val source = held()
        try {
            return get(source)
        } finally {
            keep(source)
        }
    }

    /** Moves what fits into [target], and returns how much that was. */
    fun moveTo(target: ByteBuffer): Int = if (isEmpty) 0 else take { source -> source.moveTo(target) }

    /** Holds what there is in memory of its own size: a peer that sends half a record and falls silent costs as much as it sent. */
    fun stash() {
        val held = buffer ?: return
        if (held.capacity() < pool.size) return
        buffer = ByteBuffer.allocate(held.remaining()).put(held).flip()
        pool.give(held)
    }

    fun drop() {
        buffer?.let(pool::give)
        buffer = null
    }

    private fun keep(bytes: ByteBuffer) {
        buffer = bytes
        if (!bytes.hasRemaining()) drop()
    }

    private fun withRoom(room: Int): ByteBuffer {
        val held = buffer ?: return pool.takeFor(room).limit(0)
        if (held.capacity() - held.limit() >= room) return held
        if (held.capacity() - held.remaining() >= room) return held.compact().flip()
        return pool.takeFor(held.remaining() + room).put(held).flip().also { pool.give(held) }
    }

    private fun held(): ByteBuffer = buffer ?: NOTHING

    private fun ByteBuffer.moveTo(target: ByteBuffer): Int {
        val count = minOf(remaining(), target.remaining())
        target.put(target.position(), this, position(), count)
        target.position(target.position() + count)
        position(position() + count)
        return count
    }

    private fun Buffers.takeFor(count: Int): ByteBuffer = if (count <= size) take() else ByteBuffer.allocate(count)

    private companion object {
        val NOTHING: ByteBuffer = ByteBuffer.allocate(0)
    }
}
