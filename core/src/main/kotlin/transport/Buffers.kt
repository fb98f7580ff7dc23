package io.hawser.transport

import java.nio.ByteBuffer
import org.jctools.queues.atomic.MpmcAtomicArrayQueue

/**
 * Lends direct buffers of [size] bytes and keeps up to [spares] of those that come back. Any thread.
 *
 * A buffer that is not given back is garbage like any other object; nothing leaks but the saving.
 */
@TransportApi
public class Buffers(public val size: Int, spares: Int = 64) {
    private val free = MpmcAtomicArrayQueue<ByteBuffer>(spares)

    init {
        require(size >= 1) { "size < 1: $size" }
    }

    /** Returns a cleared buffer that belongs to the caller until [give]. */
    public fun take(): ByteBuffer = free.poll() ?: ByteBuffer.allocateDirect(size)

    /** Takes [buffer] back if it came from [take], and ignores any other; its giver must not touch it again. */
    public fun give(buffer: ByteBuffer) {
        if (!buffer.isDirect || buffer.capacity() != size) return
        buffer.clear()
        free.offer(buffer)
    }
}
