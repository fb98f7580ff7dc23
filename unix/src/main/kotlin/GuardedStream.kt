package io.hawser.unix

import io.hawser.ConnectionReset
import io.hawser.engine.SelectableStream
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.FileDescriptor
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.nio.channels.FileChannel
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import org.newsclub.net.unix.AFUNIXSocketChannel
import org.newsclub.net.unix.BrokenPipeSocketException

/**
 * A stream over a channel of junixsocket, [inner], which closes its descriptor under calls that use it, and of its own accord as soon as a
 * write finds the peer gone: here a close waits until no call, none of which waits for anybody, is in it, and the peer that is gone is a
 * reset for both sides.
 */
@TransportApi
internal class GuardedStream(private val inner: SelectableStream) : RawStream by inner {
    private val channel = inner.channel as AFUNIXSocketChannel

    /** Held by calls of the read side, and with [output] by what closes. */
    private val input = ReentrantLock()

    /** Held by calls of the write side. */
    private val output = ReentrantLock()

    /** What goes with the next byte. Guarded by [output]. */
    private var handedOver = emptyArray<FileDescriptor>()

    /** Why the channel has been closed under us. */
    @Volatile
    private var broken: IOException? = null

    override fun read(target: ByteBuffer): Int = input.withLock { guarded { inner.read(target) } }

    override fun write(source: ByteBuffer): Int = output.withLock { guarded { handingOver { inner.write(source) } } }

    override fun write(sources: Array<ByteBuffer>, from: Int): Long =
        output.withLock { guarded { handingOver { inner.write(sources, from) } } }

    /** Has [files] go with the next byte, in place of those that have not gone yet. */
    fun handOver(files: Array<FileDescriptor>) = output.withLock {
        handedOver = files
        channel.setOutboundFileDescriptors(*files)
    }

    fun receivedFiles(): List<OpenFile> = input.withLock { OpenFile.of(channel.receivedFileDescriptors) }

    /** Holds no lock: [inner] itself has no close come between. */
    override suspend fun transferFrom(file: FileChannel, position: Long, count: Long): Long =
        guarded { inner.transferFrom(file, position, count) }

    // The inner one does not suspend.
    override suspend fun shutdownOutput() {
        output.lock()
        try {
            guarded { inner.shutdownOutput() }
        } finally {
            output.unlock()
        }
    }

    override fun close(): Unit = alone(inner::close)

    override fun abort(): Unit = alone(inner::abort)

    override fun toString(): String = inner.toString()

    /** Gives the channel the files anew before each attempt: one that moves nothing forgets them. */
    private inline fun <N : Number> handingOver(write: () -> N): N {
        if (handedOver.isEmpty()) return write()
        channel.setOutboundFileDescriptors(*handedOver)
        return write().also { if (it.toLong() > 0) handedOver = emptyArray() }
    }

    private inline fun alone(block: () -> Unit) = input.withLock { output.withLock(block) }

    private inline fun <T> guarded(call: () -> T): T {
        broken?.let { throw again() }
        try {
            return call()
        } catch (e: ClosedChannelException) {
            if (e.cause !is BrokenPipeSocketException) throw e
            val reset = ConnectionReset(endpoint, e)
            broken = reset
            // A reader that waits does so for nothing.
            inner.wakeReader()
            throw reset
        }
    }

    private fun again() = ConnectionReset(endpoint, broken)
}
