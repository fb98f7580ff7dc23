@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import java.nio.channels.FileChannel

/** Takes every write at once and gives it to [inner] only when it is flushed, as a layer that encrypts does. */
internal class HoldingStream(private val inner: RawStream) : RawStream by inner {
    private val held = ByteBuffer.allocate(1 shl 20).flip()

    /** What has been called, in order. */
    val calls = mutableListOf<String>()

    override fun write(source: ByteBuffer): Int {
        calls += "write ${source.remaining()}"
        val count = source.remaining()
        held.compact().put(source).flip()
        return count
    }

    override fun write(sources: Array<ByteBuffer>, from: Int): Long = sources.drop(from).sumOf { write(it).toLong() }

    override fun flush(): Boolean {
        while (held.hasRemaining()) if (inner.write(held) == 0) return false
        return true
    }

    override suspend fun transferFrom(file: FileChannel, position: Long, count: Long): Long {
        val buffer = ByteBuffer.allocate(minOf(count, 4096).toInt())
        if (file.read(buffer, position) <= 0) return 0
        return write(buffer.flip()).toLong()
    }

    override suspend fun shutdownOutput() {
        calls += "shutdownOutput, holding ${held.remaining()}"
        inner.shutdownOutput()
    }
}
