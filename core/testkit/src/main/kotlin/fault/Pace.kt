package io.hawser.testkit.fault

import io.hawser.testkit.Faults
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/** Spreads bytes over time at a rate in bytes per second, in pieces of about 10 ms. Touched by one coroutine at a time. */
internal class Pace {
    private var begun = false

    /** When the next byte may go. */
    private var free = 0L

    /** How many bytes may go at [now]; 0 while it is too early. */
    fun room(rate: Long, now: Long): Int = when {
        rate == Faults.NEVER -> Int.MAX_VALUE
        pause(now).isPositive() -> 0
        else -> (rate / PIECES_PER_SECOND).coerceIn(1, Int.MAX_VALUE.toLong()).toInt()
    }

    /** How long it is until bytes may go. */
    fun pause(now: Long): Duration = if (begun) (free - now).coerceAtLeast(0).nanoseconds else Duration.ZERO

    /** [count] bytes have gone. A wait that took a little too long is made up for by the next. */
    fun spend(count: Int, rate: Long, now: Long) {
        if (rate == Faults.NEVER) return
        val from = if (begun) maxOf(free, now - CREDIT) else now
        begun = true
        free = from + (count * NANOS_PER_SECOND / rate).toLong()
    }

    private companion object {
        const val PIECES_PER_SECOND = 100
        const val CREDIT = 20_000_000L
        const val NANOS_PER_SECOND = 1e9
    }
}
