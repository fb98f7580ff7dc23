package io.hawser.testkit.fault

import io.hawser.Connection
import io.hawser.ConnectionLost
import io.hawser.ReadTimeout
import io.hawser.testkit.Faults
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicLong
import kotlin.experimental.xor
import kotlin.random.Random
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch

/**
 * One direction through a proxy. What comes in waits in a queue until its latency is over, so that order is kept and any number of
 * pieces are on their way at once, up to [CREDIT] bytes; then it goes out as the faults of that moment allow.
 */
internal class Lane(private val faults: LiveFaults, seed: Long, private val clock: Clock, private val cut: () -> Unit) {
    private class Piece(val due: Long, val bytes: ByteBuffer) {
        /** What it takes of [CREDIT]: a small one needs more memory than its bytes. */
        val cost = bytes.remaining() + OVERHEAD
    }

    /** Each has a chance of its own, so that none depends on when another is asked. */
    private val slices = Random(seed)
    private val bits = Random(slices.nextLong())
    private val jitters = Random(seed.inv())

    private val queue = Channel<Piece>(Channel.UNLIMITED)

    /** When the last piece is due. Guarded by the monitor, like [jitters]. */
    private var lastDue = clock.nanoTime()

    /** How much of [CREDIT] is on its way. */
    private val held = MutableStateFlow(0)
    private val pace = Pace()

    /** What is left of a slice, and what it was made to; the slices end at the same offsets whatever the pieces that the bytes come in. */
    private var sliceLeft = 0
    private var slicedTo = 0

    /** It fails behind what is on its way. Guarded by the monitor. */
    private var isLosing = false

    /** Completed when nothing that comes reaches anybody any more. */
    private val over = Job()

    /** Changed under the monitor, which guards [corruptAt]. */
    @Volatile
    private var passed = 0L

    /** Negative until the lane begins or [cutAfter] is called, whichever is first. */
    private val limit = AtomicLong(-1)

    private var corruptAt = Faults.NEVER

    /** Takes up what is in store for new connections; [cutAfter], which may have been called already, knows better. */
    fun begin() {
        limit.compareAndSet(-1, faults.cutAfter)
    }

    /**
     * Carries everything from [source] to [destination] until the end, and passes that on. When one of them is lost, the direction to the
     * other, this one or [back], fails with that behind what is on its way.
     */
    suspend fun carry(source: Connection, destination: Connection, back: Lane) = coroutineScope {
        launch { collect(source) }
        for (piece in queue) {
            delay((piece.due - clock.nanoTime()).nanoseconds)
            reaching(back) { deliver(piece.bytes, destination) }
            held.update { it - piece.cost }
        }
        reaching(back) {
            faults.awaitSound()
            destination.shutdownOutput()
        }
        over.complete()
    }

    /** Ends the direction behind what is on its way; what comes later is thrown away. Any thread. */
    fun end() {
        queue.close()
    }

    /** Cuts the connection once [bytes] more have passed. Any thread. */
    fun cutAfter(bytes: Long) {
        limit.set(beyond(bytes))
        if (bytes == 0L) cut()
    }

    /** Corrupts the byte behind the next [bytes]. Any thread. */
    @Synchronized
    fun corruptAfter(bytes: Long) {
        corruptAt = beyond(bytes)
    }

    private fun beyond(bytes: Long): Long = if (bytes > Faults.NEVER - passed) Faults.NEVER else passed + bytes

    private suspend fun collect(source: Connection) {
        val buffer = ByteBuffer.allocate(PIECE)
        while (true) {
            if (held.value >= CREDIT) held.first { it < CREDIT }
            val ended = try {
                source.read(buffer) < 0
            } catch (_: ReadTimeout) {
                // Who is to say something in time is the client or the server, and not the network between them.
                continue
            } catch (e: ConnectionLost) {
                return lose(e)
            }
            buffer.flip()
            add(ByteBuffer.allocate(buffer.remaining()).put(buffer).flip())
            buffer.clear()
            if (ended) break
        }
        queue.close()
    }

    @Synchronized
    private fun add(bytes: ByteBuffer) {
        lastDue = maxOf(lastDue, clock.nanoTime() + faults.delay(jitters).inWholeNanoseconds)
        val piece = Piece(lastDue, bytes)
        // Not sent if ended by the proxy: the source is read on, so that it can end too.
        if (queue.trySend(piece).isSuccess) held.update { it + piece.cost }
    }

    /** Has the direction fail with [loss] behind what is on its way. If that has an end already, it is this call that fails, behind that. */
    private suspend fun lose(loss: ConnectionLost) {
        val failsItself = synchronized(this) {
            add(ByteBuffer.allocate(0))
            if (queue.close(loss)) isLosing = true
            isLosing
        }
        if (failsItself) return
        over.join()
        throw loss
    }

    /** Has [send] reach the destination, unless that is lost; [back] is told of that. */
    private suspend inline fun reaching(back: Lane, send: () -> Unit) {
        if (over.isCompleted) return
        try {
            send()
        } catch (e: ConnectionLost) {
            over.complete()
            back.lose(e)
        }
    }

    private suspend fun deliver(bytes: ByteBuffer, destination: Connection) {
        while (bytes.hasRemaining()) {
            faults.awaitSound()
            val rate = faults.bandwidth
            val now = clock.nanoTime()
            val room = pace.room(rate, now)
            if (room == 0) {
                delay(pace.pause(now))
                continue
            }
            val count = minOf(slice(), room, bytes.remaining()).toLong().coerceAtMost(limit.get() - passed).toInt()
            if (count <= 0) return cut()
            val piece = bytes.slice().limit(count)
            bytes.position(bytes.position() + count)
            pass(piece)
            destination.write(piece)
            pace.spend(count, rate, now)
            if (passed >= limit.get()) return cut()
        }
    }

    /** Corrupts what is due in [piece], and counts it before it is sent: whoever has received a byte finds it counted. */
    @Synchronized
    private fun pass(piece: ByteBuffer) {
        val count = piece.remaining()
        val index = corruptAt - passed
        if (index in 0 until count) {
            corruptAt = Faults.NEVER
            piece.put(index.toInt(), piece.get(index.toInt()) xor (1 shl bits.nextInt(Byte.SIZE_BITS)).toByte())
        }
        passed += count
        sliceLeft -= count
    }

    private fun slice(): Int {
        val most = faults.sliceTo
        if (sliceLeft == 0 || most != slicedTo) {
            slicedTo = most
            sliceLeft = if (most == Int.MAX_VALUE) most else slices.nextInt(most) + 1
        }
        return sliceLeft
    }

    private companion object {
        const val PIECE = 16 * 1024
        const val CREDIT = 1024 * 1024
        const val OVERHEAD = 100
    }
}
