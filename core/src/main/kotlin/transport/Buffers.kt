package io.hawser.transport

import java.nio.ByteBuffer
import org.jctools.queues.atomic.MpmcAtomicArrayQueue

/**
 * Lends buffers of [size] bytes, [direct] ones or of the heap, and keeps up to [spares] of those that come back. Any thread.
 *
 * A buffer that is not given back is garbage like any other object; nothing leaks but the saving.
 */
@TransportApi
public class Buffers(public val size: Int, spares: Int = 64, private val direct: Boolean = true) {
    private val free = MpmcAtomicArrayQueue<ByteBuffer>(spares)

    init {
        require(size >= 1) { "size < 1: $size" }
    }

    /** Returns a cleared buffer that belongs to the caller until [give]. */
    public fun take(): ByteBuffer = free.poll() ?: if (direct) ByteBuffer.allocateDirect(size) else ByteBuffer.allocate(size)

    /** Takes [buffer] back if it came from [take], and ignores any other; its giver must not touch it again. */
    public fun give(buffer: ByteBuffer) {
        if (buffer.capacity() != size || !(if (direct) buffer.isDirect else buffer.hasArray())) return
        buffer.clear()
        free.offer(buffer)
    }
}
