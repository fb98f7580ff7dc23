package io.hawser.testkit.fault

import io.hawser.SocketClosed
import java.io.IOException
import java.util.PriorityQueue
import java.util.concurrent.atomic.AtomicLong
import kotlin.experimental.xor
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.withTimeoutOrNull

/**
 * One direction through a proxy of datagrams. What becomes of a datagram is decided when it comes in; then it waits until it is due.
 * Every datagram takes as much of the chance as any other, so that the same ones meet their fate whatever else is switched on.
 */
internal class DatagramLane(private val faults: LiveDatagramFaults, seed: Long, private val clock: Clock) {
    private class Piece(val due: Long, val number: Long, val bytes: ByteArray, val isCopy: Boolean)

    /** Guarded by itself, like everything down to [bytesWaiting]. */
    private val pieces = PriorityQueue<Piece>(compareBy(Piece::due, Piece::number))
    private val random = Random(seed)
    private var made = 0L

    /** Goes behind the next, or when it is due. */
    private var held: Piece? = null
    private var bytesWaiting = 0

    private val news = Channel<Unit>(Channel.CONFLATED)

    val isEmpty: Boolean get() = synchronized(pieces) { pieces.isEmpty() && held == null }

    /** Takes in a datagram. Any thread; never waits. */
    fun offer(bytes: ByteArray) {
        faults.received.incrementAndGet()
        synchronized(pieces) { decide(bytes) }
        news.trySend(Unit)
    }

    /** Hands each datagram to [send] when it is due, until [send] says that the socket is closed. */
    suspend fun carry(send: suspend (ByteArray) -> Unit): Nothing {
        while (true) {
            val now = clock.nanoTime()
            val piece = synchronized(pieces) { nextDue(now) }
            if (piece == null) {
                val pause = synchronized(pieces) { pause(now) }
                if (pause == null) news.receive() else withTimeoutOrNull(pause) { news.receive() }
            } else if (faults.silent) {
                piece.countIn(faults.dropped)
            } else {
                try {
                    send(piece.bytes)
                } catch (e: SocketClosed) {
                    throw e
                } catch (_: IOException) {
                    piece.countIn(faults.failed)
                }
            }
        }
    }

    /** Nothing that waits is going to be sent. */
    fun discard() = synchronized(pieces) {
        (pieces + listOfNotNull(held)).forEach { it.countIn(faults.failed) }
        pieces.clear()
        held = null
        bytesWaiting = 0
    }

    private fun decide(bytes: ByteArray) {
        val isDropped = random.nextDouble() < faults.drop
        val isDoubled = random.nextDouble() < faults.duplicate
        val isHeld = random.nextDouble() < faults.reorder
        val isCorrupted = random.nextDouble() < faults.corrupt
        val bit = random.nextInt(Int.MAX_VALUE)
        val delays = List(2) { faults.delay(random).inWholeNanoseconds }
        if (isDropped || faults.silent || !hasRoomFor(if (isDoubled) 2 else 1, bytes.size)) {
            faults.dropped.incrementAndGet()
            return
        }
        val sent = if (isCorrupted && bytes.isNotEmpty()) corrupted(bytes, bit) else bytes
        val now = clock.nanoTime()
        if (isDoubled) {
            faults.duplicated.incrementAndGet()
            add(now + delays[1], sent, isCopy = true)
        }
        val before = held
        if (isHeld && before == null) {
            held = Piece(now + delays[0] + HELD.inWholeNanoseconds, made++, sent, isCopy = false)
            bytesWaiting += sent.size
            return
        }
        add(now + delays[0], sent, isCopy = false)
        if (before != null) {
            faults.reordered.incrementAndGet()
            held = null
            pieces.add(Piece(now + delays[0], made++, before.bytes, isCopy = false))
        }
    }

    private fun hasRoomFor(count: Int, size: Int): Boolean =
        pieces.size + (if (held == null) 0 else 1) + count <= COUNT && bytesWaiting + count.toLong() * size <= BYTES

    private fun add(due: Long, bytes: ByteArray, isCopy: Boolean) {
        pieces.add(Piece(due, made++, bytes, isCopy))
        bytesWaiting += bytes.size
    }

    /** Each datagram counts once, whatever becomes of its copy. */
    private fun Piece.countIn(total: AtomicLong) {
        if (!isCopy) total.incrementAndGet()
    }

    private fun corrupted(bytes: ByteArray, bit: Int): ByteArray {
        faults.corrupted.incrementAndGet()
        val at = bit % (bytes.size * Byte.SIZE_BITS)
        return bytes.copyOf().also { it[at / Byte.SIZE_BITS] = it[at / Byte.SIZE_BITS] xor (1 shl at % Byte.SIZE_BITS).toByte() }
    }

    private fun nextDue(now: Long): Piece? {
        val late = held
        val piece = if (late != null && late.due <= now) {
            held = null
            late
        } else {
            pieces.peek()?.takeIf { it.due <= now }?.also { pieces.remove() } ?: return null
        }
        bytesWaiting -= piece.bytes.size
        return piece
    }

    private fun pause(now: Long): Duration? =
        listOfNotNull(pieces.peek(), held).minOfOrNull { it.due - now }?.coerceAtLeast(0)?.nanoseconds

    companion object {
        /** How long a datagram waits for another to overtake it. */
        val HELD: Duration = 100.milliseconds

        const val COUNT = 1024
        const val BYTES = 8 * 1024 * 1024
    }
}
