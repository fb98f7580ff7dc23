package io.hawser.testkit.fault

import io.hawser.testkit.Faults
import java.nio.ByteBuffer
import kotlin.experimental.xor
import kotlin.random.Random
import kotlin.time.Duration
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first

/**
 * How far one direction has come, and what its faults have in store for it. Touched by one coroutine at a time, but for [switchTo], which
 * comes from any thread: what it brings is taken up by [adopt].
 */
internal class Course(faults: Faults) {
    /** The same faults ordered twice begin twice. */
    private class Order(val faults: Faults)

    private val orders = MutableStateFlow(Order(faults))
    private var order = orders.value

    private var random = Random(faults.seed)
    private var flipped = 1 shl random.nextInt(Byte.SIZE_BITS)
    private var jitters = Random(faults.seed.inv())
    private var pace = Pace()
    private var passed = 0L
    private var sliceLeft = nextSlice()

    private val faults: Faults get() = order.faults

    val isSilent: Boolean get() = passed >= faults.silentAfter
    val isCut: Boolean get() = passed >= faults.cutAfter
    val isEnded: Boolean get() = passed >= faults.endAfter

    /** Whether bytes are late. */
    val isLate: Boolean get() = faults.latency.isPositive() || faults.jitter.isPositive()

    /** Has the direction go by [faults] from its next call on, and counts anew. */
    fun switchTo(faults: Faults) {
        orders.value = Order(faults)
    }

    /** Begins with what [switchTo] brought, if it brought anything. */
    fun adopt() {
        if (orders.value === order) return
        order = orders.value
        random = Random(faults.seed)
        flipped = 1 shl random.nextInt(Byte.SIZE_BITS)
        jitters = Random(faults.seed.inv())
        pace = Pace()
        passed = 0
        sliceLeft = nextSlice()
    }

    /** Suspends until there is something to [adopt]. */
    suspend fun awaitSwitch() {
        orders.first { it !== order }
    }

    /** How late the bytes are that come now. */
    fun delay(): Duration = faults.latency + if (faults.jitter.isPositive()) faults.jitter * jitters.nextDouble() else Duration.ZERO

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
