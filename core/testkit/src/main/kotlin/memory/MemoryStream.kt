@file:OptIn(TransportApi::class)

package io.hawser.testkit.memory

import io.hawser.Endpoint
import io.hawser.testkit.MemoryAddress
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.Job

/** One end of an in-memory connection. It behaves as a TCP socket does, without an operating system. */
internal class MemoryStream private constructor(
    override val loop: Loop,
    override val local: MemoryAddress,
    override val remote: MemoryAddress,
    private val input: Pipe,
    private val output: Pipe,
) : RawStream {
    override val endpoint: Endpoint = remote.endpoint
    private val closing = AtomicBoolean()
    private val closed = Job()

    override fun read(target: ByteBuffer): Int = input.read(target)

    override fun write(source: ByteBuffer): Int = output.write(arrayOf(source), 0).toInt()

    override fun write(sources: Array<ByteBuffer>, from: Int): Long = output.write(sources, from)

    override suspend fun awaitReadable(): Unit = input.awaitReadable()

    override fun wakeReader(): Unit = input.wakeReader()

    override suspend fun awaitWritable(): Unit = output.awaitWritable()

    override suspend fun shutdownOutput(): Unit = output.end()

    override fun close() {
        if (!closing.compareAndSet(false, true)) return
        output.closeWriter()
        input.closeReader()
        closed.complete()
    }

    override fun abort() {
        if (!closing.compareAndSet(false, true)) return
        output.abortWriter()
        input.abortReader()
        closed.complete()
    }

    override suspend fun awaitClosed(): Unit = closed.join()

    override fun toString(): String = endpoint.toString()

    companion object {
        const val SCHEME = "memory"

        val MemoryAddress.endpoint: Endpoint get() = Endpoint.Local(SCHEME, name)

        /** Two connected ends, with up to [capacity] bytes on their way in each direction. */
        fun pair(near: MemoryAddress, far: MemoryAddress, nearLoop: Loop, farLoop: Loop, capacity: Int): Pair<MemoryStream, MemoryStream> {
            val there = Pipe(capacity, source = near.endpoint, sink = far.endpoint)
            val back = Pipe(capacity, source = far.endpoint, sink = near.endpoint)
            return MemoryStream(nearLoop, near, far, input = back, output = there) to
                MemoryStream(farLoop, far, near, input = there, output = back)
        }
    }
}

/** @throws IllegalArgumentException if this is not in memory. */
internal val Endpoint.nameInMemory: String
    get() {
        require(this is Endpoint.Local && scheme == MemoryStream.SCHEME) { "not an endpoint in memory: $this" }
        return name
    }
