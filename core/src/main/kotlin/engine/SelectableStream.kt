package io.hawser.engine

import io.hawser.Attributes
import io.hawser.ConnectionLost
import io.hawser.ConnectionReset
import io.hawser.Endpoint
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketAddress
import java.net.StandardSocketOptions.SO_LINGER
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.nio.channels.FileChannel
import java.nio.channels.SelectionKey.OP_READ
import java.nio.channels.SelectionKey.OP_WRITE
import java.nio.channels.SocketChannel
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.Job

/**
 * A connected [SocketChannel] on an [EventLoop]: the system call first, a wait only when it would block.
 *
 * Takes [channel] over, also when the constructor throws.
 */
@TransportApi
public class SelectableStream internal constructor(
    override val loop: EventLoop,
    /** For what only it can do, such as handing over files. It must stay non-blocking and open. */
    public val channel: SocketChannel,
    private val identity: StreamIdentity,
) : RawStream {
    override val local: SocketAddress
    override val remote: SocketAddress
    override val endpoint: Endpoint get() = named ?: Endpoint.of(identity.scheme, remote).also { named = it }

    /** Made when it is first asked for, which most connections never are; by whom makes no difference. */
    private var named: Endpoint? = null

    override val attributes: Attributes get() = known ?: identity.attributes(channel).also { known = it }

    /** As [named]. */
    private var known: Attributes? = null

    private val readiness: Readiness
    private val closed = Job()

    /** Its monitor is held while a file is sent and while the channel is closed. */
    private val closing = AtomicBoolean()

    /** The last read left nothing behind: the next one waits first. Touched by the read side only. */
    private var drained = false

    /** Nothing more can come in, so there is nothing to discard on close. */
    @Volatile
    private var ended = false

    init {
        try {
            // Read once: on a closed channel the addresses are gone.
            local = identity.local(channel)
            remote = identity.remote(channel)
            readiness = if (loop.isCurrent) loop.readiness(channel) else Readiness(loop, channel)
        } catch (e: Throwable) {
            channel.close()
            throw e
        }
    }

    override fun read(target: ByteBuffer): Int {
        if (drained) return 0
        val count = try {
            target.limited(channel::read)
        } catch (e: IOException) {
            ended = true
            throw typed(e)
        }
        if (count < 0) ended = true else drained = target.hasRemaining()
        return count
    }

    override fun write(source: ByteBuffer): Int = try {
        source.limited(channel::write)
    } catch (e: IOException) {
        throw typed(e)
    }

    override fun write(sources: Array<ByteBuffer>, from: Int): Long {
        val first = sources[from]
        if (from == sources.lastIndex) return write(first).toLong()
        // The JDK copies every heap buffer of the array whole before the call: a large one goes alone, in pieces.
        if (!first.isDirect && first.remaining() > HEAP_PIECE) return write(first).toLong()
        var end = from
        var heap = 0
        while (end < sources.size && end - from < GATHER_LIMIT) {
            if (!sources[end].isDirect) heap += sources[end].remaining()
            if (heap > HEAP_PIECE) break
            end++
        }
        return try {
            channel.write(sources, from, end - from)
        } catch (e: IOException) {
            throw typed(e)
        }
    }

    override suspend fun awaitReadable() {
        drained = false
        readiness.await(OP_READ)
    }

    override fun wakeReader(): Unit = readiness.wakeReader()

    override suspend fun awaitWritable(): Unit = readiness.await(OP_WRITE)

    /** Without a copy through this process, where the system can. */
    override suspend fun transferFrom(file: FileChannel, position: Long, count: Long): Long {
        while (true) {
            val sent = try {
                transfer(file, position, count)
            } catch (e: IOException) {
                throw typed(e)
            }
            if (sent > 0 || position >= file.size()) return sent
            awaitWritable()
        }
    }

    override suspend fun shutdownOutput() {
        try {
            channel.shutdownOutput()
        } catch (e: IOException) {
            throw typed(e)
        }
    }

    override fun close() {
        if (!closing.compareAndSet(false, true)) return
        try {
            if (!ended) discard()
        } finally {
            finish()
        }
    }

    override fun abort() {
        if (!closing.compareAndSet(false, true)) return
        try {
            if (SO_LINGER in channel.supportedOptions()) channel.setOption(SO_LINGER, 0)
        } catch (e: IOException) {
            // The kernel has given the connection up already, and with it the option.
            loop.unexpectedOnClose(e)
        }
        finish()
    }

    override suspend fun awaitClosed(): Unit = closed.join()

    override fun toString(): String = endpoint.toString()

    /** JDK 17 uses the descriptor in this call without holding on to it: it must not be closed, and given to another, meanwhile. */
    private fun transfer(file: FileChannel, position: Long, count: Long): Long = synchronized(closing) {
        if (closing.get()) throw ClosedChannelException()
        file.transferTo(position, minOf(count, TRANSFER_PIECE), channel)
    }

    private fun finish() {
        try {
            synchronized(closing) { channel.close() }
        } catch (e: IOException) {
            loop.unexpectedOnClose(e)
        } finally {
            loop.closed(readiness) { closed.complete() }
        }
    }

    private fun discard() {
        val buffer = loop.buffers.take()
        try {
            var left = DISCARD_LIMIT
            while (left > 0) {
                buffer.clear()
                val count = channel.read(buffer)
                if (count < buffer.capacity()) return
                left -= count
            }
        } catch (e: IOException) {
            loop.unexpectedOnClose(e)
        } finally {
            loop.buffers.give(buffer)
        }
    }

    private fun typed(e: IOException): IOException = when {
        e is ClosedChannelException -> e
        e.isReset() -> ConnectionReset(endpoint, e)
        else -> ConnectionLost(endpoint, e)
    }

    private companion object {
        /** What is thrown away on close; more than that has the peer reset. */
        const val DISCARD_LIMIT = 256 * 1024

        /** The JDK keeps a direct buffer per thread as large as the largest heap buffer it was ever given: so we give pieces. */
        const val HEAP_PIECE = 128 * 1024

        /** What one call sends of a file, because a close waits for it. */
        const val TRANSFER_PIECE = 512L * 1024

        /** IOV_MAX of the JDK. */
        const val GATHER_LIMIT = 1024

        inline fun ByteBuffer.limited(operation: (ByteBuffer) -> Int): Int {
            if (isDirect || remaining() <= HEAP_PIECE) return operation(this)
            val end = limit()
            limit(position() + HEAP_PIECE)
            try {
                return operation(this)
            } finally {
                limit(end)
            }
        }
    }
}

/**
 * The JDK tells a reset from other failures by its text alone, which but for "Connection reset" is the C library's. What breaks an
 * established connection is a reset nearly always, so the few others are named: what the kernel says of a peer that went silent.
 */
private fun IOException.isReset(): Boolean {
    val text = message?.lowercase() ?: return false
    return notResets.none { it in text }
}

private val notResets = listOf("timed out", "unreachable", "no route", "abort", "buffer space", "memory")
