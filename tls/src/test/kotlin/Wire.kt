@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.Endpoint
import io.hawser.engine.EventLoopGroup
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException

/** Bytes on their way in one direction, of which each turn moves as many as [slice] says, or none. */
internal class Lane(private val slice: () -> Int) {
    private var bytes = ByteArray(64 * 1024)
    private var start = 0
    private var end = 0
    var ended = false

    /** All that ever went through, where somebody wants it. */
    var record: java.io.ByteArrayOutputStream? = null

    val size: Int get() = end - start

    fun read(target: ByteBuffer): Int {
        if (size == 0) return if (ended) -1 else 0
        val count = minOf(slice(), target.remaining(), size)
        target.put(bytes, start, count)
        start += count
        return count
    }

    fun write(source: ByteBuffer): Int {
        if (start == end) {
            start = 0
            end = 0
        }
        val count = minOf(slice(), source.remaining(), bytes.size - end)
        source.get(bytes, end, count)
        record?.write(bytes, end, count)
        end += count
        return count
    }

    fun put(more: ByteArray) {
        while (bytes.size - end < more.size) bytes = bytes.copyOf(bytes.size * 2)
        more.copyInto(bytes, end)
        end += more.size
    }
}

/** A stream of two lanes that nobody ever waits for. */
internal class Wire(private val input: Lane, private val output: Lane) : RawStream {
    var closed = false
        private set

    override val loop: Loop get() = EventLoopGroup.shared.next()
    override val local: SocketAddress = InetSocketAddress.createUnresolved("near", 1)
    override val remote: SocketAddress = InetSocketAddress.createUnresolved("far", 2)
    override val endpoint: Endpoint = Endpoint.Inet("tcp", "far", 2)

    override fun read(target: ByteBuffer): Int = if (closed) throw ClosedChannelException() else input.read(target)

    override fun write(source: ByteBuffer): Int = if (closed) throw ClosedChannelException() else output.write(source)

    override fun write(sources: Array<ByteBuffer>, from: Int): Long = (from until sources.size).sumOf { write(sources[it]).toLong() }

    override suspend fun awaitReadable(): Unit = error("waits")

    override fun wakeReader(): Unit = Unit

    override suspend fun awaitWritable(): Unit = error("waits")

    override suspend fun shutdownOutput() {
        output.ended = true
    }

    override fun close() {
        closed = true
        output.ended = true
    }

    override fun abort(): Unit = close()

    override suspend fun awaitClosed(): Unit = Unit
}
