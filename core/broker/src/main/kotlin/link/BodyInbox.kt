package io.hawser.broker.link

import java.nio.ByteBuffer
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector

/**
 * What has come of a body, to be collected once. Its sender may be ahead of the collector by a [window]: what has been collected is granted
 * anew, in lumps of half a window, by [grant], which is called without locks by whoever collects.
 *
 * Any thread puts in. The standard builder of flows looks for a cancellation before it hands over an element, and what had been taken would
 * be lost: this one does not.
 */
internal class BodyInbox(private val window: Int, private val grant: (bytes: Int) -> Unit) : Flow<ByteArray> {
    /** Guarded by the monitor, like what follows. */
    private val pieces = ArrayDeque<ByteBuffer>()

    /** The last piece, if there is room behind it. */
    private var joint: ByteBuffer? = null

    private var allowed = window.toLong()
    private var ungranted = 0
    private var isComplete = false
    private var failure: (() -> Throwable)? = null
    private var isCollected = false

    /** How many bytes have come. */
    var received = 0L
        @Synchronized get
        private set

    private val arrived = Signal()

    /** Adds [bytes], which must not change any more; false if their sender had no credit for them. */
    fun offer(bytes: ByteBuffer): Boolean {
        synchronized(this) {
            if (bytes.remaining() > allowed - received) return false
            received += bytes.remaining()
            if (bytes.hasRemaining() && failure == null) add(bytes)
        }
        arrived.raise()
        return true
    }

    /** The body is complete; false, and it is not, if that is not what has come of the [total]. */
    fun end(total: Long): Boolean {
        synchronized(this) {
            if (total != received) return false
            isComplete = true
        }
        arrived.raise()
        return true
    }

    /** Nothing more comes: what has can still be collected, and then the [cause] is thrown. */
    fun fail(cause: Throwable) {
        synchronized(this) { if (failure == null && !isComplete) failure = { cause } }
        arrived.raise()
    }

    /** Nobody wants any more: what has not been collected is dropped, and whoever still collects, which hardly anybody does, meets the [cause]. */
    fun drop(cause: () -> Throwable) {
        synchronized(this) {
            isComplete = false
            if (failure == null) failure = cause
            pieces.clear()
            joint = null
        }
        arrived.raise()
    }

    override suspend fun collect(collector: FlowCollector<ByteArray>) {
        claim()
        while (true) collector.emit(next() ?: break)
    }

    /** Whoever takes from it does so first of all, and nobody else. */
    @Synchronized
    fun claim() {
        check(!isCollected) { "a body can be collected once only" }
        isCollected = true
    }

    /** Takes the next piece, waiting for it; null at the end. Cancelled it has taken none. */
    suspend fun next(): ByteArray? {
        while (true) {
            var lump = 0
            val piece = synchronized(this) {
                val first = pieces.removeFirstOrNull()
                if (first != null) lump = taken(first) else failure?.let { throw it() }
                if (first == null && isComplete) return null
                first
            }
            if (lump > 0) grant(lump)
            if (piece != null) return ByteArray(piece.remaining()).also { piece.duplicate().get(it) }
            arrived.await()
        }
    }

    /** How much is to be granted, now that [piece] has been taken. */
    private fun taken(piece: ByteBuffer): Int {
        if (piece === joint) joint = null
        ungranted += piece.remaining()
        if (isComplete || failure != null || ungranted < window / 2) return 0
        allowed += ungranted
        return ungranted.also { ungranted = 0 }
    }

    /** Many small pieces would take much more memory than they have bytes: they are joined. */
    private fun add(bytes: ByteBuffer) {
        val last = pieces.lastOrNull()
        if (last == null || last.remaining() >= SMALL || bytes.remaining() >= SMALL) {
            pieces.addLast(bytes)
            joint = null
            return
        }
        val end = last.remaining()
        val room = if (last === joint) last else ByteBuffer.allocate(2 * SMALL).put(last.duplicate())
        room.position(0).limit(end + bytes.remaining())
        room.put(end, bytes, bytes.position(), bytes.remaining())
        pieces[pieces.lastIndex] = room
        joint = room
    }

    private companion object {
        const val SMALL = 1024
    }
}
