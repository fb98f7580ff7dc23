package io.hawser.testkit.fault

import io.hawser.Connection
import io.hawser.testkit.Faults
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicLong
import kotlin.experimental.xor
import kotlin.random.Random
import kotlin.time.Duration.Companion.nanoseconds
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
    private class Piece(val due: Long, val bytes: ByteBuffer)

    private val random = Random(seed)

    /** Who collects has a chance of his own. */
    private val jitters = Random(seed.inv())

    private val queue = Channel<Piece>(Channel.UNLIMITED)

    /** How many bytes are on their way. */
    private val held = MutableStateFlow(0)
    private val pace = Pace()

    @Volatile
    private var passed = 0L

    /** Negative until the lane begins or [cutAfter] is called, whichever is first. */
    private val limit = AtomicLong(-1)

    @Volatile
    private var corruptAt = Faults.NEVER

    /** Takes up what is in store for new connections; [cutAfter], which may have been called already, knows better. */
    fun begin() {
        limit.compareAndSet(-1, faults.cutAfter)
    }

    /** Carries everything from [source] to [destination] until both directions' ends, and passes the end on. */
    suspend fun carry(source: Connection, destination: Connection) = coroutineScope {
        launch { collect(source) }
        for (piece in queue) {
            delay((piece.due - clock.nanoTime()).nanoseconds)
            val size = piece.bytes.remaining()
            deliver(piece.bytes, destination)
            held.update { it - size }
        }
        faults.awaitSound()
        destination.shutdownOutput()
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
    fun corruptAfter(bytes: Long) {
        corruptAt = beyond(bytes)
    }

    private fun beyond(bytes: Long): Long = if (bytes > Faults.NEVER - passed) Faults.NEVER else passed + bytes

    private suspend fun collect(source: Connection) {
        val buffer = ByteBuffer.allocate(PIECE)
        var due = clock.nanoTime()
        while (true) {
            if (held.value >= CREDIT) held.first { it < CREDIT }
            val ended = source.read(buffer) < 0
            buffer.flip()
            val bytes = ByteBuffer.allocate(buffer.remaining()).put(buffer).flip()
            buffer.clear()
            val size = bytes.remaining()
            due = maxOf(due, clock.nanoTime() + faults.delay(jitters).inWholeNanoseconds)
            val sent = queue.trySend(Piece(due, bytes))
            // Not sent if ended by the proxy: the source is read on, so that it can end too.
            if (sent.isSuccess) held.update { it + size }
            if (ended) break
        }
        queue.close()
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
            val count = minOf(nextSlice(), room, bytes.remaining()).toLong().coerceAtMost(limit.get() - passed).toInt()
            if (count <= 0) return cut()
            val piece = bytes.slice().limit(count)
            bytes.position(bytes.position() + count)
            corrupt(piece)
            // Counted first: whoever has received a byte finds it counted.
            passed += count
            destination.write(piece)
            pace.spend(count, rate, now)
            if (passed >= limit.get()) return cut()
        }
    }

    private fun corrupt(piece: ByteBuffer) {
        val index = corruptAt - passed
        if (index < 0 || index >= piece.remaining()) return
        corruptAt = Faults.NEVER
        piece.put(index.toInt(), piece.get(index.toInt()) xor (1 shl random.nextInt(Byte.SIZE_BITS)).toByte())
    }

    private fun nextSlice(): Int = faults.sliceTo.let { if (it == Int.MAX_VALUE) it else random.nextInt(it) + 1 }

    private companion object {
        const val PIECE = 16 * 1024
        const val CREDIT = 1024 * 1024
    }
}
