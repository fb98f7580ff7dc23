package io.hawser.testkit.memory

import io.hawser.ConnectionReset
import io.hawser.Endpoint
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException

/**
 * One direction of an in-memory connection: a ring of up to [capacity] bytes between one writer and one reader, each of whom may
 * leave at any time. The writer's failures name the [sink], the reader's the [source].
 *
 * Everything is guarded by the pipe itself; who waits is woken after the lock has been given back.
 */
internal class Pipe(private val capacity: Int, private val source: Endpoint, private val sink: Endpoint) {
    /** How one side stands: ENDED is a writer that has ended its stream, RESET one whose peer aborted, CLOSED one that left itself. */
    private enum class Side { OPEN, ENDED, RESET, CLOSED }

    private var writer = Side.OPEN
    private var reader = Side.OPEN

    /** Nothing follows what is in the ring. */
    private var ended = false

    /** The reader has been told of the end, and is told nothing else any more. */
    private var endSeen = false

    /** Made with the first byte: a connection that waits costs nothing. */
    private var ring = NOTHING
    private var start = 0
    private var size = 0

    private val untilReadable = Waiting("bytes from $source")
    private val untilWritable = Waiting("room to $sink")

    init {
        require(capacity >= 1) { "capacity < 1: $capacity" }
    }

    fun read(target: ByteBuffer): Int {
        val count = synchronized(this) {
            when (reader) {
                Side.CLOSED -> throw ClosedChannelException()
                Side.RESET -> throw ConnectionReset(source)
                else -> take(target)
            }
        }
        if (count > 0) untilWritable.wake()
        return count
    }

    fun write(sources: Array<ByteBuffer>, from: Int): Long {
        val count = synchronized(this) {
            ensureWritable()
            var taken = 0L
            for (i in from until sources.size) taken += put(sources[i])
            taken
        }
        if (count > 0) untilReadable.wake()
        return count
    }

    suspend fun awaitReadable() {
        untilReadable.until(::isReadable)
        if (synchronized(this) { reader == Side.CLOSED }) throw ClosedChannelException()
    }

    fun wakeReader(): Unit = untilReadable.release()

    suspend fun awaitWritable() {
        untilWritable.until(::isWritable)
        if (synchronized(this) { writer == Side.CLOSED }) throw ClosedChannelException()
    }

    /** The writer ends its stream; what it wrote is still read. */
    fun end() {
        synchronized(this) {
            when (writer) {
                Side.CLOSED -> throw ClosedChannelException()
                Side.RESET -> throw ConnectionReset(sink)
                else -> writer = Side.ENDED
            }
            ended = true
        }
        untilReadable.wake()
    }

    /** The writer closes: the reader gets what was written and then the end. */
    fun closeWriter(): Unit = leave {
        writer = Side.CLOSED
        ended = true
    }

    /** The reader closes: what is in the ring is lost, and later writes are reset. */
    fun closeReader(): Unit = leave {
        reader = Side.CLOSED
        clear()
    }

    /** The writer aborts: the reader gets nothing but a reset, unless it has seen the end already. */
    fun abortWriter(): Unit = leave {
        writer = Side.CLOSED
        ended = true
        clear()
        if (reader == Side.OPEN && !endSeen) reader = Side.RESET
    }

    /** The reader aborts: the writer is reset. */
    fun abortReader(): Unit = leave {
        reader = Side.CLOSED
        clear()
        if (writer != Side.CLOSED) writer = Side.RESET
    }

    private inline fun leave(change: () -> Unit) {
        synchronized(this) { change() }
        untilReadable.wake()
        untilWritable.wake()
    }

    private fun isReadable(): Boolean = synchronized(this) { reader != Side.OPEN || size > 0 || ended }

    private fun isWritable(): Boolean = synchronized(this) { writer != Side.OPEN || reader != Side.OPEN || size < capacity }

    private fun ensureWritable() {
        val failure: IOException? = when {
            writer == Side.CLOSED || writer == Side.ENDED -> ClosedChannelException()
            writer == Side.RESET || reader == Side.CLOSED -> ConnectionReset(sink)
            else -> null
        }
        if (failure != null) throw failure
    }

    private fun take(target: ByteBuffer): Int {
        if (size == 0) {
            if (!ended) return 0
            endSeen = true
            return -1
        }
        val count = minOf(size, target.remaining())
        val first = minOf(count, capacity - start)
        target.put(ring, start, first).put(ring, 0, count - first)
        size -= count
        start = if (size == 0) 0 else (start + count) % capacity
        return count
    }

    private fun put(from: ByteBuffer): Int {
        val count = minOf(capacity - size, from.remaining())
        if (count == 0) return 0
        if (ring === NOTHING) ring = ByteArray(capacity)
        val end = (start + size) % capacity
        val first = minOf(count, capacity - end)
        from.get(ring, end, first).get(ring, 0, count - first)
        size += count
        return count
    }

    private fun clear() {
        ring = NOTHING
        start = 0
        size = 0
    }

    private companion object {
        val NOTHING = ByteArray(0)
    }
}
