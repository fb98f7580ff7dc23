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
import java.util.IdentityHashMap
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import org.newsclub.net.unix.AFUNIXSocketChannel
import org.newsclub.net.unix.BrokenPipeSocketException

/**
 * A stream over a channel of junixsocket, [inner], which closes its descriptor under calls that use it, and of its own accord as soon as a
 * call finds the peer gone: here no call, none of which waits for anybody, is made while another one is, and the peer that is gone is a
 * reset for both sides.
 */
@TransportApi
internal class GuardedStream(private val inner: SelectableStream) : RawStream by inner {
    private val channel = inner.channel as AFUNIXSocketChannel

    /** Held by all calls of the channel. */
    private val calls = ReentrantLock()

    /** What goes with the first byte of which buffer. Guarded by [calls]. */
    private val handedOver = IdentityHashMap<ByteBuffer, Array<FileDescriptor>>()

    /** What has come and nobody has asked for yet. Guarded by [calls]. */
    private val received = ArrayDeque<OpenFile>()
    private val ancillary: Any? = if (channel.ancillaryReceiveBufferSize > 0) Junixsocket.ancillaryOf(channel) else null

    /** Why the channel has been closed under us. */
    @Volatile
    private var broken: IOException? = null

    override fun read(target: ByteBuffer): Int = calls.withLock {
        if (ancillary == null) guarded { inner.read(target) } else readWithFiles(target, ancillary)
    }

    override fun write(source: ByteBuffer): Int = calls.withLock { guarded { handingOver(source) { inner.write(source) } } }

    override fun write(sources: Array<ByteBuffer>, from: Int): Long =
        calls.withLock { guarded { handingOver(sources[from]) { inner.write(sources, from) } } }

    /** Has [files] go with the first byte of [with], in place of those that were to. */
    fun handOver(files: Array<FileDescriptor>, with: ByteBuffer) {
        calls.withLock { if (files.isEmpty()) handedOver.remove(with) else handedOver[with] = files }
    }

    fun receivedFiles(): List<OpenFile> = calls.withLock { received.toList().also { received.clear() } }

    /** Holds no lock: [inner] itself has no close come between. */
    override suspend fun transferFrom(file: FileChannel, position: Long, count: Long): Long =
        guarded { inner.transferFrom(file, position, count) }

    // The inner one does not suspend.
    override suspend fun shutdownOutput() {
        calls.lock()
        try {
            guarded { inner.shutdownOutput() }
        } finally {
            calls.unlock()
        }
    }

    override fun close(): Unit = alone(inner::close)

    override fun abort(): Unit = alone(inner::abort)

    override fun toString(): String = inner.toString()

    private inline fun alone(end: () -> Unit) = calls.withLock {
        end()
        received.forEach(OpenFile::close)
        received.clear()
    }

    private fun readWithFiles(target: ByteBuffer, ancillary: Any): Int = try {
        Junixsocket.expectFiles(ancillary)
        guarded { inner.read(target) }.also {
            // They have been fetched: none are left, whatever happens now.
            Junixsocket.expectFiles(ancillary)
            keep(OpenFile.of(channel.receivedFileDescriptors))
        }
    } catch (e: IOException) {
        Junixsocket.closeLeftFiles(ancillary)
        throw e
    }

    private fun keep(files: List<OpenFile>) {
        if (received.size + files.size <= MOST_KEPT) {
            received += files
        } else {
            files.forEach(OpenFile::close)
        }
    }

    /** Gives the channel the files of [source] anew before each attempt: one that moves nothing forgets them. */
    private inline fun <N : Number> handingOver(source: ByteBuffer, write: () -> N): N {
        val files = (if (handedOver.isEmpty()) null else handedOver[source]) ?: return write()
        channel.setOutboundFileDescriptors(*files)
        return write().also { if (it.toLong() > 0) handedOver.remove(source) }
    }

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

    private companion object {
        const val MOST_KEPT = 1_024
    }
}
