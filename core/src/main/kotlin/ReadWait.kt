package io.hawser

import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/**
 * How long a read waits, for a timer to see: the reader begins and ends waits, and the timer, in any thread, may expire one. A wait goes
 * on until something comes of it, however often its stream was looked at.
 */
internal class ReadWait {
    /** Odd while a read waits, and another number for each wait. Written by the reader only. */
    @Volatile
    private var number = 0L

    /** When the last wait began. Written before [number] becomes odd, read while it is. */
    @Volatile
    private var began = 0L

    /** The wait that has taken too long. */
    @Volatile
    private var expired = -1L

    fun begin(now: Long) {
        if (number % 2 == 1L) return
        began = now
        number++
    }

    fun end() {
        if (number % 2 == 1L) number++
    }

    /** Whether the wait that goes on has taken too long. For the reader. */
    val hasExpired: Boolean get() = expired == number

    /** How long a read has been waiting, or null if none does. */
    fun lasts(now: Long): Duration? {
        val wait = number
        val since = began
        return if (wait % 2 == 1L && number == wait) (now - since).nanoseconds else null
    }

    /** Expires the wait of this moment if it has taken [limit]: it may be a later one than the caller has seen. */
    fun expire(now: Long, limit: Duration): Boolean {
        val wait = number
        if (wait % 2 == 0L || (now - began).nanoseconds < limit) return false
        expired = wait
        return true
    }
}
