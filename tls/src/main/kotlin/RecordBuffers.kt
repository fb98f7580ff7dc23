package io.hawser.tls

import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi

/** Where records are put together and taken apart: four, so that 64 KiB leave in one system call. */
@OptIn(TransportApi::class)
internal object RecordBuffers {
    /** What engines make of 16 KiB. */
    private const val RECORD = (1 shl 14) + 325
    private const val SIZE = 4 * RECORD

    /** For engines of the JDK, which work in arrays and copy what is in none. */
    val heap: Buffers = Buffers(SIZE, direct = false)

    /** For engines of native code. */
    val direct: Buffers = Buffers(SIZE)
}
