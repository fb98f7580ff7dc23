package io.hawser

import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.yield

/** The read side of a connection: one reader at a time, and what was read ahead for the next one. */
@OptIn(TransportApi::class)
internal class Input(private val life: Lifecycle) {
    private val raw = life.raw
    private val loop = raw.loop
    private val claimed = AtomicBoolean()

    /** Bytes read and not yet asked for; null rather than empty. Guarded by [claimed], like everything below that does not claim. */
    private var ahead: ByteBuffer? = null

    /** Operations since the last wait. */
    private var streak = 0

    /** Written by the reader only. */
    @Volatile
    var bytes = 0L
        private set

    /** [Lifecycle.raw]'s clock when bytes last came. */
    @Volatile
    var lastActive = loop.nanoTime()
        private set

    suspend fun read(target: ByteBuffer): Int {
        require(target.hasRemaining()) { "no room in the buffer: $target" }
        require(!target.isReadOnly) { "a read-only buffer: $target" }
        claim()
        val spent = spent()
        val count = try {
            if (spent) 0 else readNow(target)
        } catch (e: Throwable) {
            release()
            throw e
        }
        // Only what has to wait pays for a coroutine's frame.
        if (count == 0) return readWaiting(target, spent)
        release()
        return count
    }

    suspend fun awaitReadable() {
        claimed {
            life.ensureOpen()
            while (ahead == null && !life.inputEnded) {
                await()
                if (spent()) yield()
                // A stream may return without a cause: only reading tells.
                ahead = nextNow()
            }
        }
    }

    /** A buffer with at least one byte, lent by the loop until [giveBack], or null at the end. Waits without holding one. */
    suspend fun next(): ByteBuffer? {
        claim()
        val spent = spent()
        val buffer = try {
            if (spent) null else nextNow()
        } catch (e: Throwable) {
            release()
            throw e
        }
        if (spent || (buffer == null && !life.inputEnded)) return nextWaiting(spent)
        release()
        return buffer
    }

    fun giveBack(buffer: ByteBuffer) = loop.buffers.give(buffer)

    /** Puts back what [next] gave and nobody took. */
    fun unread(buffer: ByteBuffer) {
        if (!claimed.compareAndSet(false, true)) return
        if (buffer.hasRemaining() && ahead == null) ahead = buffer else giveBack(buffer)
        release()
    }

    suspend fun readExactly(count: Int): ByteArray = claimed {
        val result = ByteBuffer.allocate(count)
        try {
            while (result.hasRemaining()) {
                if (readOrWait(result) < 0) {
                    throw UnexpectedEnd(raw.endpoint, result.position(), "$count bytes")
                }
            }
        } catch (e: Throwable) {
            // Whoever reads next finds what came.
            if (result.position() > 0) ahead = result.flip()
            throw e
        }
        result.array()
    }

    suspend fun readLine(limit: Int): String? = claimed { nextLine(limit) }

    /** Throws away what has arrived, up to [limit] bytes, without waiting. Returns how much it was, or -1 at the end. */
    fun discardNow(limit: Int): Int {
        if (!claimed.compareAndSet(false, true)) return 0
        try {
            ahead?.let(::giveBack)
            ahead = null
            var left = limit
            while (left > 0) {
                val buffer = nextNow() ?: break
                left -= buffer.remaining()
                giveBack(buffer)
            }
            return if (life.inputEnded) -1 else limit - left
        } finally {
            release()
        }
    }

    private fun claim() {
        if (claimed.compareAndSet(false, true)) return
        // Whoever closes holds the claim for a moment.
        life.ensureOpen()
        error("two coroutines read from ${raw.endpoint} at the same time")
    }

    /** Whether it is time to yield: off the loops nobody else counts, and a read that never waits would never notice a cancellation. */
    private fun spent(): Boolean = loop.spent() || ++streak % OPERATIONS_PER_STREAK == 0

    private fun release() {
        // Whoever closes meanwhile cannot touch the buffer: it is ours to give back.
        if (life.reason != null) dropAhead()
        claimed.set(false)
    }

    private inline fun <T> claimed(block: () -> T): T {
        claim()
        try {
            return block()
        } finally {
            release()
        }
    }

    /** Gives the buffer that is held ahead back, if nobody reads just now; a reader does so itself when it is through. */
    fun closed() {
        if (!claimed.compareAndSet(false, true)) return
        dropAhead()
        claimed.set(false)
    }

    private fun dropAhead() {
        ahead?.let(::giveBack)
        ahead = null
    }

    private suspend fun readWaiting(target: ByteBuffer, spent: Boolean): Int {
        try {
            if (spent) yield()
            return readOrWait(target)
        } finally {
            release()
        }
    }

    private suspend fun readOrWait(target: ByteBuffer): Int {
        while (true) {
            if (spent()) yield()
            val count = readNow(target)
            if (count != 0) return count
            await()
        }
    }

    private suspend fun nextWaiting(spent: Boolean): ByteBuffer? {
        try {
            if (spent) yield()
            while (true) {
                if (spent()) yield()
                val buffer = nextNow()
                if (buffer != null || life.inputEnded) return buffer
                await()
            }
        } finally {
            release()
        }
    }

    private suspend fun nextLine(limit: Int): String? {
        var searched = 0
        if (spent()) yield()
        while (true) {
            val available = ahead?.remaining() ?: 0
            val length = indexOfLineFeed(searched)
            // One byte more than the limit may be the carriage return before the line feed.
            if (length < 0 && available - 1 > limit) throw FrameTooLarge(raw.endpoint, limit, "a line")
            if (length > limit && (length - 1 > limit || byteAt(limit) != CARRIAGE_RETURN)) {
                throw FrameTooLarge(raw.endpoint, limit, "a line")
            }
            if (length >= 0) return takeLine(length)
            searched = available
            if (!fill()) {
                if (available == 0) return null
                throw UnexpectedEnd(raw.endpoint, available, "a line")
            }
        }
    }

    private fun readNow(target: ByteBuffer): Int {
        life.ensureOpen()
        val ahead = ahead
        if (ahead != null) return take(ahead, target)
        if (life.inputEnded) return -1
        val count = try {
            raw.read(target)
        } catch (e: IOException) {
            throw life.inputFailed(e)
        }
        arrived(count)
        return count
    }

    private fun nextNow(): ByteBuffer? {
        life.ensureOpen()
        ahead?.let {
            ahead = null
            return it
        }
        if (life.inputEnded) return null
        val buffer = loop.buffers.take()
        var kept = false
        try {
            kept = readNow(buffer) > 0
            return if (kept) buffer.flip() else null
        } finally {
            if (!kept) giveBack(buffer)
        }
    }

    private fun arrived(count: Int) {
        if (count > 0) {
            bytes += count
            lastActive = loop.nanoTime()
        } else if (count < 0) {
            life.inputEnded = true
        }
    }

    private fun take(from: ByteBuffer, target: ByteBuffer): Int {
        val count = minOf(from.remaining(), target.remaining())
        target.put(target.position(), from, from.position(), count)
        target.position(target.position() + count)
        from.position(from.position() + count)
        if (!from.hasRemaining()) dropAhead()
        return count
    }

    /**
     * Waits until it is worth looking again; what for is not certain, so callers do so in a loop. Inlined, so that a wait costs one
     * coroutine frame and not two.
     */
    private suspend inline fun await() {
        stash()
        streak = 0
        try {
            raw.awaitReadable()
        } catch (e: IOException) {
            throw life.inputFailed(e)
        }
    }

    /** Waits hold no buffer of the loop: a peer that sends half a line and falls silent costs as much as it sent. */
    private fun stash() {
        val buffer = ahead ?: return
        if (!buffer.isDirect) return
        ahead = ByteBuffer.allocate(maxOf(buffer.remaining() * 2, MIN_STASH)).put(buffer).flip()
        giveBack(buffer)
    }

    /** Reads more behind what is held ahead, waiting if need be. False at the end. */
    private suspend fun fill(): Boolean {
        while (ahead == null) {
            if (spent()) yield()
            val buffer = loop.buffers.take()
            val count = try {
                readNow(buffer)
            } catch (e: Throwable) {
                giveBack(buffer)
                throw e
            }
            if (count > 0) {
                ahead = buffer.flip()
                return true
            }
            giveBack(buffer)
            if (count < 0) return false
            await()
        }
        while (true) {
            if (life.inputEnded) return false
            if (spent()) yield()
            val count = append()
            if (count != 0) return count > 0
            await()
        }
    }

    private fun append(): Int {
        life.ensureOpen()
        val buffer = withRoom(checkNotNull(ahead))
        ahead = buffer
        val start = buffer.position()
        val end = buffer.limit()
        buffer.limit(buffer.capacity()).position(end)
        val count = try {
            raw.read(buffer)
        } catch (e: IOException) {
            throw life.inputFailed(e)
        } finally {
            buffer.limit(buffer.position()).position(start)
        }
        arrived(count)
        return count
    }

    private fun withRoom(buffer: ByteBuffer): ByteBuffer = when {
        buffer.limit() < buffer.capacity() -> buffer
        buffer.position() > 0 -> buffer.compact().flip()
        else -> ByteBuffer.allocate(buffer.capacity() * 2).put(buffer).flip().also { giveBack(buffer) }
    }

    private fun byteAt(index: Int): Byte = checkNotNull(ahead).let { it.get(it.position() + index) }

    private fun indexOfLineFeed(from: Int): Int {
        val buffer = ahead ?: return -1
        for (i in buffer.position() + from until buffer.limit()) {
            if (buffer.get(i) == LINE_FEED) return i - buffer.position()
        }
        return -1
    }

    /** Takes [length] bytes and the line feed behind them. */
    private fun takeLine(length: Int): String {
        val line = ByteArray(length)
        val buffer = checkNotNull(ahead)
        buffer.get(line).get()
        if (!buffer.hasRemaining()) dropAhead()
        val end = if (length > 0 && line[length - 1] == CARRIAGE_RETURN) length - 1 else length
        return String(line, 0, end, Charsets.UTF_8)
    }

    private companion object {
        const val LINE_FEED: Byte = 10
        const val CARRIAGE_RETURN: Byte = 13
        const val MIN_STASH = 256
        const val OPERATIONS_PER_STREAK = 64
    }
}
