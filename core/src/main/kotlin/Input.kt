package io.hawser

import io.hawser.event.ConnectionEvent
import io.hawser.framing.FrameCodec
import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlin.time.Duration.Companion.INFINITE
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.yield

/** The read side of a connection: one reader at a time, and what was read ahead for the next one. */
@OptIn(TransportApi::class)
internal class Input(private val life: Lifecycle) {
    private val raw = life.raw
    private val loop = raw.loop
    private val claimed = AtomicBoolean()
    private val lane = life.terms.throttle?.input
    private val wait = if (life.terms.readTimeout.isFinite()) ReadWait() else null

    /** What has taken [claimed] for good. */
    @Volatile
    private var seized: Upgrade? = null

    /** Guarded by [claimed], like everything below that does not claim. */
    private val ahead = Ahead(loop.buffers)

    /** Operations since the last wait. */
    private var streak = 0

    /** What the last read returned. */
    private var lastCount: Int? = null

    /** Written by the reader only. */
    @Volatile
    var bytes = 0L
        private set

    /** Nothing is waited for any more: reads that would have to end the stream instead. */
    @Volatile
    var isCutShort = false
        private set

    /** Nothing is cut short any more. Guarded by the monitor, with the changes of [isCutShort]. */
    private var goesOn = false

    /** A wait has returned since [isCutShort]: streams may say that there is nothing without looking, but not after a wait. */
    private var isLastLook = false

    /** [Lifecycle.raw]'s clock when bytes last came. */
    @Volatile
    var lastActive = loop.nanoTime()
        private set

    suspend fun read(target: ByteBuffer): Int {
        require(target.hasRemaining()) { "no room in the buffer: $target" }
        require(!target.isReadOnly) { "a read-only buffer: $target" }
        claim()
        val spent = spent()
        val count = if (spent) 0 else attempt { readNow(target) }
        // Only what has to wait pays for a coroutine's frame.
        if (count == 0) return readWaiting(target, spent)
        val result = boxed(count)
        release()
        return unchanged(result)
    }

    suspend fun awaitReadable() {
        claimed {
            life.ensureOpen()
            if (ahead.isEmpty && !life.inputEnded) {
                // A stream may return without a cause: only reading tells.
                do await() while (!readAhead())
            }
        }
    }

    /** A buffer with at least one byte, lent by the loop until [giveBack], or null at the end. Waits without holding one. */
    suspend fun next(): ByteBuffer? {
        claim()
        val spent = spent()
        val buffer = if (spent) null else attempt { nextNow() }
        if (spent || (buffer == null && !life.inputEnded)) return nextWaiting(spent)
        release()
        return buffer
    }

    /** As [next]; null too once [stopped], which a reader that waits looks at after [wake]. */
    suspend fun nextUnless(stopped: () -> Boolean): ByteBuffer? {
        claimed {
            while (!stopped()) {
                if (spent()) yield()
                val buffer = nextNow()
                if (buffer != null || life.inputEnded) return buffer
                await()
            }
            return null
        }
    }

    fun wake() = raw.wakeReader()

    fun giveBack(buffer: ByteBuffer) = loop.buffers.give(buffer)

    /** Puts back what [next] gave and nobody took. */
    fun unread(buffer: ByteBuffer) {
        if (!claimed.compareAndSet(false, true)) return
        if (ahead.isEmpty) ahead.put(buffer) else giveBack(buffer)
        release()
    }

    suspend fun readExactly(count: Int): ByteArray = claimed {
        val result = ByteBuffer.allocate(count)
        try {
            while (result.hasRemaining()) {
                if (spent()) yield()
                when (readNow(result)) {
                    0 -> await()
                    -1 -> throw UnexpectedEnd(raw.endpoint, result.position(), "$count bytes")
                }
            }
        } catch (e: Throwable) {
            // Whoever reads next finds what came.
            if (result.position() > 0) ahead.put(result.flip())
            throw e
        }
        result.array()
    }

    /** One frame, or null at the end. What has come of a frame stays for whoever reads next. */
    suspend fun <T : Any> nextFrame(codec: FrameCodec<T>): T? {
        claim()
        val spent = spent()
        val frame = if (spent) null else attempt { frameNow(codec, seen = 0) }
        if (frame == null) return nextFrameWaiting(codec, spent)
        release()
        return frame
    }

    /** Throws away what has arrived, up to [limit] bytes, without waiting. Returns how much it was, or -1 at the end. */
    fun discardNow(limit: Int): Int {
        if (!claimed.compareAndSet(false, true)) return 0
        try {
            var left = limit - ahead.size
            ahead.drop()
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

    /** Whether the peer has neither sent what nobody has asked for, nor ended, nor gone; false while somebody reads. Does not wait for it. */
    suspend fun isQuiet(): Boolean {
        if (!claimed.compareAndSet(false, true)) return false
        try {
            if (life.reason != null || life.inputEnded || !ahead.isEmpty) return false
            // A stream that remembers that it has been drained looks again only after a wait, and this one is over at once.
            raw.wakeReader()
            raw.awaitReadable()
            (lane?.unheld { nextNow() } ?: nextNow())?.let(::giveBack) ?: return !life.inputEnded
            return false
        } catch (_: IOException) {
            return false
        } finally {
            release()
        }
    }

    /** How long a read has been waiting, or null if none does. */
    fun waiting(now: Long): Duration? {
        val lasts = wait?.lasts(now) ?: return null
        // Whom we hold back does not keep anybody waiting.
        return if (lane == null) lasts else lane.holds.free(now)?.let { minOf(it, lasts) }
    }

    /** For how long no byte has come that might have. */
    fun quiet(now: Long): Duration = minOf((now - lastActive).nanoseconds, if (lane == null) INFINITE else lane.holds.free(now) ?: ZERO)

    /** Has the read that has been waiting for [limit] fail, if it still waits. */
    fun expire(now: Long, limit: Duration) {
        if (wait?.expire(now, limit) == true) raw.wakeReader()
    }

    /** From now on reads end the stream where they would have to wait; so does the one that waits. */
    fun cutShort() {
        // What has arrived is read before the end, at once.
        lane?.open()
        synchronized(this) {
            if (goesOn) return
            isCutShort = true
        }
        raw.wakeReader()
    }

    /** Undoes [cutShort], the later ones too, for who reads no more but listens to the peer. */
    fun goOn() {
        lane?.open()
        synchronized(this) {
            goesOn = true
            if (!isCutShort) return
            isCutShort = false
        }
        isLastLook = false
        life.resumeInput()
    }

    /**
     * Has reads be refused by [upgrade] from now on, until [letGo].
     *
     * @throws IllegalStateException if a read is going on.
     */
    fun seize(upgrade: Upgrade) {
        claim()
        seized = upgrade
    }

    fun letGo() {
        seized = null
        release()
    }

    /** @throws SocketFailure if something came that nobody has asked for, or the end, with the input seized. */
    fun ensureNothingUnread() {
        if (!ahead.isEmpty) throw UnreadInput(raw.endpoint, ahead.size)
        if (life.peerHasEnded) throw UnexpectedEnd(raw.endpoint, 0, "a handshake")
    }

    private fun claim() {
        if (claimed.compareAndSet(false, true)) return
        // Whoever closes holds the claim for a moment.
        life.ensureOpen()
        seized?.refuse()
        error("two coroutines read from ${raw.endpoint} at the same time")
    }

    /** Whether it is time to yield: off the loops nobody else counts, and a read that never waits would never notice a cancellation. */
    private fun spent(): Boolean = loop.spent() || ++streak % OPERATIONS_PER_STREAK == 0

    private fun release() {
        wait?.end()
        // Whoever closes meanwhile cannot touch the buffer: it is ours to give back.
        if (life.reason != null) ahead.drop() else ahead.rest()
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
        ahead.drop()
        claimed.set(false)
    }

    /** Does [block] with the claim held, which it gives back if that fails. */
    private inline fun <T> attempt(block: () -> T): T {
        try {
            return block()
        } catch (e: Throwable) {
            release()
            throw e
        }
    }

    /** Returns an Int by the type of [T], as [unchanged] does. */
    private suspend fun <T> readWaiting(target: ByteBuffer, spent: Boolean): T {
        try {
            if (spent) yield()
            while (true) {
                if (spent()) yield()
                val count = readNow(target)
                if (count != 0) return unchanged(boxed(count))
                await()
            }
        } finally {
            release()
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

    private suspend fun <T : Any> nextFrameWaiting(codec: FrameCodec<T>, spent: Boolean): T? {
        try {
            if (spent) {
                yield()
                frameNow(codec, seen = 0)?.let { return it }
            }
            while (true) {
                val seen = ahead.size
                while (!readAhead()) await()
                if (ahead.size == seen) {
                    if (seen == 0) return null
                    throw UnexpectedEnd(raw.endpoint, seen, ahead.expected(codec))
                }
                frameNow(codec, seen)?.let { return it }
            }
        } finally {
            release()
        }
    }

    private fun <T : Any> frameNow(codec: FrameCodec<T>, seen: Int): T? {
        life.ensureOpen()
        return ahead.takeFrame(codec, seen, raw.endpoint)
    }

    /** [count] as the object that a suspending function returns, made anew only where it is another than the last time. */
    private fun boxed(count: Int): Int? {
        if (lastCount != count) lastCount = count
        return lastCount
    }

    /** Keeps the compiler from unboxing [count], an Int by the type of [T], and boxing it anew. */
    @Suppress("UNCHECKED_CAST")
    private suspend fun <T> unchanged(count: Int?): T = count as T

    private fun readNow(target: ByteBuffer): Int {
        life.ensureOpen()
        if (!ahead.isEmpty) return ahead.take(target)
        return if (life.inputEnded) -1 else readStream(target)
    }

    private fun readStream(target: ByteBuffer): Int = try {
        arrived(raw.read(target))
    } catch (e: IOException) {
        throw life.inputFailed(e)
    }

    private fun nextNow(): ByteBuffer? {
        life.ensureOpen()
        ahead.takeAll()?.let { return it }
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

    /** Notes that a read of the stream returned [count], and returns what that means to our reader. */
    private fun arrived(count: Int): Int {
        if (count != 0) wait?.end()
        if (count > 0) {
            bytes += count
            lastActive = loop.nanoTime()
            life.publish { id -> ConnectionEvent.Read(id, raw.local, raw.remote, count) }
        } else if (count < 0) {
            life.peerEnded()
            life.publish { id -> ConnectionEvent.InputClosed(id, raw.local, raw.remote) }
        } else if (isCutShort && isLastLook) {
            life.inputEnded = true
            return -1
        }
        return count
    }

    /**
     * Waits until it is worth looking again; what for is not certain, so callers do so in a loop. Inlined, so that a wait costs one
     * coroutine frame and not two.
     */
    private suspend inline fun await() {
        // Waits hold no buffer of the loop.
        ahead.stash()
        streak = 0
        wait?.begin(loop.nanoTime())
        try {
            raw.awaitReadable()
        } catch (e: IOException) {
            throw life.inputFailed(e)
        }
        if (isCutShort) isLastLook = true
        if (wait?.hasExpired == true) throw ReadTimeout(raw.endpoint, life.terms.readTimeout.toJavaDuration())
    }

    /** Reads more behind what is held ahead, without waiting. False if there was nothing: neither bytes nor the end. */
    private suspend inline fun readAhead(): Boolean {
        if (spent()) yield()
        life.ensureOpen()
        return life.inputEnded || ahead.append(::readStream) != 0
    }

    private companion object {
        const val OPERATIONS_PER_STREAK = 64
    }
}
