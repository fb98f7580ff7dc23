package io.hawser.testkit.fault

import io.hawser.testkit.Faults
import java.nio.ByteBuffer
import kotlin.experimental.xor
import kotlin.random.Random
import kotlin.time.Duration

/**
 * How far one direction has come, and what its [faults] have in store for it. Touched by one coroutine at a time, but for [isCut] and
 * [isEnded], which anybody may ask for.
 */
internal class Course(private val faults: Faults) {
    private val random = Random(faults.seed)
    private val flipped = 1 shl random.nextInt(Byte.SIZE_BITS)
    private val pace = Pace()

    /** Whoever moves the other direction asks whether this one is cut. */
    @Volatile
    private var passed = 0L

    private var sliceLeft = nextSlice()

    val isSilent: Boolean get() = passed >= faults.silentAfter
    val isCut: Boolean get() = passed >= faults.cutAfter
    val isEnded: Boolean get() = passed >= faults.endAfter

    /** How many of [wanted] bytes may pass at [now] in one call. */
    fun room(wanted: Int, now: Long): Int {
        val end = minOf(faults.silentAfter, faults.cutAfter, faults.endAfter)
        val allowed = minOf(wanted, sliceLeft, pace.room(faults.bandwidth, now))
        return minOf(allowed.toLong(), end - passed).coerceAtLeast(0).toInt()
    }

    /** How long it is until the bandwidth has room again. */
    fun pause(now: Long): Duration = pace.pause(now)

    /** Whether the byte to be corrupted is among the next [count]. */
    fun corrupts(count: Int): Boolean = faults.corruptAt >= passed && faults.corruptAt - passed < count

    /** Corrupts what is due among the next bytes, which are in [bytes] from the index [from] on. */
    fun corrupt(bytes: ByteBuffer, from: Int, count: Int) {
        if (!corrupts(count)) return
        val index = from + (faults.corruptAt - passed).toInt()
        bytes.put(index, bytes.get(index) xor flipped.toByte())
    }

    fun passed(count: Int, now: Long) {
        passed += count
        pace.spend(count, faults.bandwidth, now)
        // The slices end at the same offsets whatever the pieces that the bytes come in.
        sliceLeft -= count
        if (sliceLeft == 0) sliceLeft = nextSlice()
    }

    private fun nextSlice(): Int = if (faults.sliceTo == Int.MAX_VALUE) Int.MAX_VALUE else random.nextInt(faults.sliceTo) + 1
}
