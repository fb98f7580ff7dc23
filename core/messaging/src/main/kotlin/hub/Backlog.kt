package io.hawser.messaging.hub

import java.nio.ByteBuffer

/** The last [limit] messages; older ones are dropped, and counted. Not for several threads at once. */
internal class Backlog(private val limit: Int) {
    private val kept = ArrayDeque<ByteBuffer>()

    var dropped = 0L
        private set

    val size: Int get() = kept.size

    fun add(message: ByteBuffer) {
        if (kept.size == limit) {
            dropped++
            if (limit == 0) return
            kept.removeFirst()
        }
        kept.addLast(message)
    }

    /** All of them, which are then forgotten. */
    fun takeAll(): List<ByteBuffer> = kept.toList().also { kept.clear() }

    /** All of them, which stay. */
    fun all(): List<ByteBuffer> = kept.toList()
}
