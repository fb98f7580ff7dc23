package io.hawser

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

    operator fun get(index: Int): Byte = checkNotNull(buffer).let { it.get(it.position() + index) }

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
        val lent = buffer ?: return
        if (!lent.isDirect) return
        buffer = ByteBuffer.allocate(maxOf(lent.remaining() * 2, MIN_STASH)).put(lent).flip()
        buffers.give(lent)
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

    /** Where the first line feed is at or after [from], or -1. */
    fun indexOfLineFeed(from: Int): Int {
        val bytes = buffer ?: return -1
        for (i in bytes.position() + from until bytes.limit()) {
            if (bytes.get(i) == LINE_FEED) return i - bytes.position()
        }
        return -1
    }

    /** Takes [length] bytes and the line feed behind them. */
    fun takeLine(length: Int): String {
        val line = ByteArray(length)
        val bytes = checkNotNull(buffer)
        bytes.get(line).get()
        if (!bytes.hasRemaining()) drop()
        val end = if (length > 0 && line[length - 1] == CARRIAGE_RETURN) length - 1 else length
        return String(line, 0, end, Charsets.UTF_8)
    }

    /** The bytes in a buffer that has room behind them. */
    private fun withRoom(): ByteBuffer {
        val bytes = buffer ?: return buffers.take().limit(0)
        return when {
            bytes.limit() < bytes.capacity() -> bytes
            bytes.position() > 0 -> bytes.compact().flip()
            else -> ByteBuffer.allocate(bytes.capacity() * 2).put(bytes).flip().also { buffers.give(bytes) }
        }
    }

    private fun keep(bytes: ByteBuffer) {
        buffer = null
        put(bytes)
    }

    companion object {
        const val CARRIAGE_RETURN: Byte = 13
        private const val LINE_FEED: Byte = 10
        private const val MIN_STASH = 256
    }
}
