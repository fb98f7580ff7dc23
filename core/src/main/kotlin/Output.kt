package io.hawser

import io.hawser.event.ConnectionEvent
import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import kotlin.time.Duration
import kotlin.time.Duration.Companion.INFINITE
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.yield

/** The write side of a connection: writes leave whole and in call order. */
@OptIn(TransportApi::class)
internal class Output(private val life: Lifecycle) {
    private val raw = life.raw
    private val loop = raw.loop
    private val lane = life.terms.throttle?.output
    private val hasTimeout = life.terms.writeTimeout.isFinite()

    /** Held during a write; fair, so that writes leave in the order of their calls. Guards everything below. */
    private val turn = Turn()

    /** Operations since the last wait. */
    private var streak = 0

    /** Nothing is written any more; a layer may still have to say so, which can be cancelled, and asked for again. */
    @Volatile
    private var ending = false

    @Volatile
    private var ended = false

    @Volatile
    private var seized: Upgrade? = null

    @Volatile
    private var failure: IOException? = null

    /** Written by the writer only. */
    @Volatile
    var bytes = 0L
        private set

    /** When a write began to wait, in nanoseconds that are never 0, or 0 while none does. Kept only where there is a timeout. */
    @Volatile
    private var waitBegan = 0L

    /** The loop's clock when bytes last left. */
    @Volatile
    var lastActive = loop.nanoTime()
        private set

    suspend fun write(source: ByteBuffer) {
        if (!turn.tryTake()) return writeInTurn(arrayOf(source))
        val before = source.remaining()
        val spent = spent()
        // Only what has to wait pays for a coroutine's frame.
        if (spent || !writeNow(source)) return writeRest(arrayOf(source), begun = source.remaining() < before, spent)
    }

    suspend fun write(sources: Array<ByteBuffer>): Unit =
        if (turn.tryTake()) writeRest(sources, begun = false, spent = false) else writeInTurn(sources)

    /** What a connection that ends still has to say is not held back. */
    fun letPass() {
        lane?.open()
    }

    suspend fun shutdown() = inTurn {
        if (ended) return@inTurn
        if (!ending) ensureUsable()
        life.ensureOpen()
        ending = true
        try {
            timed { raw.shutdownOutput() }
        } catch (e: IOException) {
            throw failed(e)
        }
        ended = true
        life.publish { id -> ConnectionEvent.OutputClosed(id, raw.local, raw.remote) }
    }

    /** Whether nobody writes, and who does so next may, as far as this side knows. */
    fun isFree(): Boolean {
        if (!turn.tryTake()) return false
        try {
            return failure == null && !ending && seized == null
        } finally {
            endTurn()
        }
    }

    /**
     * Has writes be refused by [upgrade] from now on.
     *
     * @throws IllegalStateException if a write is going on, or the output has been shut down.
     */
    fun seize(upgrade: Upgrade) {
        check(turn.tryTake()) { "a write to ${raw.endpoint} is going on" }
        try {
            ensureUsable()
            seized = upgrade
        } finally {
            endTurn()
        }
    }

    /** Returns how many bytes it sent: fewer than [count] where the file ends before. */
    suspend fun sendFile(file: FileChannel, position: Long, count: Long): Long = inTurn {
        ensureUsable()
        var sent = 0L
        abortIfCut({ sent > 0 }) {
            while (sent < count) {
                // A reader that keeps up lets us never wait.
                if (spent()) yield()
                val taken = timed { raw.transferFrom(file, position + sent, count - sent) }
                if (taken == 0L) break
                sent += taken
                left(taken)
            }
            while (!raw.flush()) timed { raw.awaitWritable() }
        }
        sent
    }

    /** One attempt with the turn held, which it gives back unless something is left to write or to flush. */
    private fun writeNow(source: ByteBuffer): Boolean {
        var done = true
        try {
            ensureUsable()
            if (!source.hasRemaining()) return true
            left(raw.write(source).toLong())
            done = !source.hasRemaining() && raw.flush()
            return done
        } catch (e: IOException) {
            throw failed(e)
        } finally {
            if (done) endTurn()
        }
    }

    /** Writes what is left of [sources] with the turn held, flushes it, and gives the turn back. */
    private suspend fun writeRest(sources: Array<ByteBuffer>, begun: Boolean, spent: Boolean) {
        var partly = begun
        try {
            abortIfCut({ partly }) {
                if (spent) yield()
                ensureUsable()
                var first = 0
                while (true) {
                    while (first < sources.size && !sources[first].hasRemaining()) first++
                    val allTaken = first == sources.size
                    if (allTaken && raw.flush()) break
                    if (spent()) yield()
                    val count = if (allTaken) 0 else gather(sources, first)
                    if (count > 0) {
                        partly = true
                        left(count)
                    } else {
                        streak = 0
                        timed { raw.awaitWritable() }
                    }
                }
            }
        } finally {
            endTurn()
        }
    }

    /**
     * One attempt at the buffers from [first] on. Where they are small they are copied together first: that costs less than a gathering
     * call, and layers such as TLS see one piece. The copy is not held while the rest waits.
     */
    private fun gather(sources: Array<ByteBuffer>, first: Int): Long {
        val end = endOfSmall(sources, first)
        if (end - first < 2) return raw.write(sources, first)
        val packed = loop.buffers.take()
        try {
            for (i in first until end) packed.put(sources[i].duplicate())
            return raw.write(packed.flip()).toLong()
        } finally {
            // Also of what a failing write has taken.
            var taken = packed.position()
            for (i in first until end) {
                val part = minOf(taken, sources[i].remaining())
                sources[i].position(sources[i].position() + part)
                taken -= part
            }
            loop.buffers.give(packed)
        }
    }

    /** Where the small buffers from [first] on end that fill one of the loop's or are all there is; [first] if there is a large one. */
    private fun endOfSmall(sources: Array<ByteBuffer>, first: Int): Int {
        var room = loop.buffers.size
        for (i in first until sources.size) {
            val size = sources[i].remaining()
            if (size > SMALL) return first
            if (size > room) return i
            room -= size
        }
        return sources.size
    }

    private suspend fun writeInTurn(sources: Array<ByteBuffer>): Unit = dispatched {
        turn.take()
        writeRest(sources, begun = false, spent = false)
    }

    private suspend fun <T> inTurn(block: suspend () -> T): T = dispatched {
        turn.take()
        try {
            block()
        } finally {
            endTurn()
        }
    }

    /** Half a message would corrupt the stream: who is cancelled after its first byte, or fails, ends it. */
    private inline fun abortIfCut(begun: () -> Boolean, block: () -> Unit) {
        try {
            block()
        } catch (e: IOException) {
            throw failed(e)
        } catch (e: Throwable) {
            if (begun()) life.abort()
            throw e
        }
    }

    /** Whether it is time to yield: off the loops nobody else counts, and a write that never waits would never notice a cancellation. */
    private fun spent(): Boolean = loop.spent() || ++streak % OPERATIONS_PER_STREAK == 0

    /** How long a write has been waiting, or null if none does. */
    fun waiting(now: Long): Duration? {
        val lasts = waitBegan.takeIf { it != 0L }?.let { (now - it).nanoseconds } ?: return null
        // What we hold back is not kept waiting by the peer.
        return if (lane == null) lasts else lane.holds.free(now)?.let { minOf(it, lasts) }
    }

    /** For how long no byte has left that might have. */
    fun quiet(now: Long): Duration = minOf((now - lastActive).nanoseconds, if (lane == null) INFINITE else lane.holds.free(now) ?: ZERO)

    /** A wait goes on until a byte has left, however often the stream was looked at. */
    private inline fun <T> timed(wait: () -> T): T {
        if (hasTimeout && waitBegan == 0L) waitBegan = loop.nanoTime().let { if (it == 0L) 1 else it }
        return wait()
    }

    private fun endTurn() {
        if (hasTimeout) waitBegan = 0
        turn.pass()
    }

    private fun left(count: Long) {
        if (count == 0L) return
        if (hasTimeout) waitBegan = 0
        bytes += count
        lastActive = loop.nanoTime()
        life.publish { id -> ConnectionEvent.Written(id, raw.local, raw.remote, count) }
    }

    private fun ensureUsable() {
        life.ensureOpen()
        check(!ending) { "the output to ${raw.endpoint} has been shut down" }
        seized?.refuse()
        val failure = failure ?: return
        throw if (failure is ConnectionReset) ConnectionReset(raw.endpoint, failure) else ConnectionLost(raw.endpoint, failure)
    }

    private fun failed(e: IOException): IOException {
        val typed = life.outputFailed(e)
        if (failure == null && typed is ConnectionLost) failure = typed
        return typed
    }

    private companion object {
        const val OPERATIONS_PER_STREAK = 64

        /** Copying more than this costs as much as it saves. */
        const val SMALL = 4 * 1024
    }
}
