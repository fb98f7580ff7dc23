package io.hawser.rate

import io.hawser.event.Direction
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.nio.channels.FileChannel
import java.util.concurrent.atomic.AtomicBoolean

/**
 * [inner] as fast as [throttle] lets it be. It waits for the peer first and for its rates then, so that it takes of them only what there
 * is to move, and so that a wait for them is never one for the peer. [began] is told when a direction begins to be held back.
 */
@OptIn(TransportApi::class)
internal class Throttled(private val inner: RawStream, throttle: Throttle, private val began: (Direction) -> Unit) : RawStream by inner {
    private val input = throttle.input
    private val output = throttle.output

    @Volatile
    private var closed = false

    /** Taken by the reader as it returns: a wait that is cancelled leaves it to the next. */
    private val woken = AtomicBoolean()

    /** The last flush left something, and that is what the writer waits for. For the writer. */
    private var isFlushing = false

    /** How many bytes the reader, and the writer, had no room for. For each of them. */
    private var unread = Long.MAX_VALUE
    private var unwritten = Long.MAX_VALUE

    override fun read(target: ByteBuffer): Int {
        if (input == null) return inner.read(target)
        unread = target.remaining().toLong()
        val room = input.room(unread, loop.nanoTime())
        if (room == 0L) return 0
        var count = 0
        try {
            count = target.limited(room) { inner.read(it) }
            return count
        } finally {
            input.moved(maxOf(count, 0).toLong(), loop.nanoTime())
        }
    }

    override fun write(source: ByteBuffer): Int = passing(source.remaining().toLong()) { room ->
        source.limited(room) { inner.write(it) }.toLong()
    }.toInt()

    override fun write(sources: Array<ByteBuffer>, from: Int): Long {
        var all = 0L
        for (i in from until sources.size) all += sources[i].remaining()
        return passing(all) { room -> if (room >= all) inner.write(sources, from) else writeSome(sources, from, room) }
    }

    override fun flush(): Boolean = inner.flush().also { isFlushing = !it }

    override suspend fun awaitReadable() {
        inner.awaitReadable()
        // The stream below may have returned for that: then our caller has something else to see to.
        if (input == null || woken.getAndSet(false)) return
        input.await(loop, unread, woken::get) { began(Direction.Input) }
        woken.set(false)
        ensureOpen()
    }

    override fun wakeReader() {
        if (input != null) woken.set(true)
        input?.interrupt()
        inner.wakeReader()
    }

    override suspend fun awaitWritable() {
        inner.awaitWritable()
        if (!isFlushing) awaitOutput()
    }

    override suspend fun transferFrom(file: FileChannel, position: Long, count: Long): Long {
        if (output == null) return inner.transferFrom(file, position, count)
        while (true) {
            inner.awaitWritable()
            unwritten = count
            val room = output.roomForOne(count, loop.nanoTime())
            if (room > 0) {
                var sent = 0L
                try {
                    sent = inner.transferFrom(file, position, room)
                    return sent
                } finally {
                    output.moved(sent, loop.nanoTime())
                }
            }
            awaitOutput()
        }
    }

    override fun close() {
        closed = true
        inner.close()
        letGo()
    }

    override fun abort() {
        closed = true
        inner.abort()
        letGo()
    }

    override fun toString(): String = inner.toString()

    private fun letGo() {
        input?.open()
        output?.open()
    }

    private suspend fun awaitOutput() {
        output?.await(loop, unwritten, { false }) { began(Direction.Output) }
        ensureOpen()
    }

    private fun ensureOpen() {
        if (closed) throw ClosedChannelException()
    }

    private inline fun passing(bytes: Long, write: (room: Long) -> Long): Long {
        isFlushing = false
        if (output == null) return write(bytes)
        unwritten = bytes
        val room = output.room(bytes, loop.nanoTime())
        if (room == 0L) return 0
        var taken = 0L
        try {
            taken = write(room)
            return taken
        } finally {
            unwritten = bytes - taken
            output.moved(taken, loop.nanoTime())
        }
    }

    private fun writeSome(sources: Array<ByteBuffer>, from: Int, room: Long): Long {
        var left = room
        val some = Array(sources.size - from) { i ->
            sources[from + i].duplicate().also { part ->
                val count = minOf(left, part.remaining().toLong())
                part.limit(part.position() + count.toInt())
                left -= count
            }
        }
        try {
            return inner.write(some, 0)
        } finally {
            some.forEachIndexed { i, part -> sources[from + i].position(part.position()) }
        }
    }

    private inline fun ByteBuffer.limited(room: Long, block: (ByteBuffer) -> Int): Int {
        val end = limit()
        if (room < remaining()) limit(position() + room.toInt())
        try {
            return block(this)
        } finally {
            limit(end)
        }
    }
}
