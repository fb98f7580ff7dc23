package io.hawser.testkit.fault

import java.nio.ByteBuffer

/** What [operation] returns of this buffer as if only [room] bytes of it remained. */
internal inline fun ByteBuffer.limited(room: Int, operation: (ByteBuffer) -> Int): Int {
    val end = limit()
    limit(position() + room)
    try {
        return operation(this)
    } finally {
        limit(end)
    }
}
