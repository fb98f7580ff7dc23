package io.hawser.benchmarks.inside

import io.hawser.Endpoint
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.net.InetAddress
import java.net.InetSocketAddress
import java.nio.ByteBuffer

/** A peer that has always sent [content] already, [times] over, and takes whatever it is given: nobody ever waits for it. */
@OptIn(TransportApi::class)
internal class BusyStream(
    override val loop: Loop,
    private val content: ByteBuffer,
    private var times: Long = Long.MAX_VALUE,
) : RawStream {
    override val local = InetSocketAddress(InetAddress.getLoopbackAddress(), 1)
    override val remote = InetSocketAddress(InetAddress.getLoopbackAddress(), 2)
    override val endpoint: Endpoint = Endpoint.of("tcp", remote)

    override fun read(target: ByteBuffer): Int {
        if (times == 0L) return -1
        val count = minOf(content.remaining(), target.remaining())
        target.put(target.position(), content, content.position(), count)
        target.position(target.position() + count)
        content.position(content.position() + count)
        if (!content.hasRemaining()) {
            content.rewind()
            times--
        }
        return count
    }

    override fun write(source: ByteBuffer): Int {
        val count = source.remaining()
        source.position(source.limit())
        return count
    }

    override fun write(sources: Array<ByteBuffer>, from: Int): Long {
        var count = 0L
        for (i in from until sources.size) count += write(sources[i])
        return count
    }

    override suspend fun awaitReadable() = Unit

    override fun wakeReader() = Unit

    override suspend fun awaitWritable() = Unit

    override suspend fun shutdownOutput() = Unit

    override fun close() = Unit

    override fun abort() = Unit

    override suspend fun awaitClosed() = Unit
}
