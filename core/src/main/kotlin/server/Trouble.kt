package io.hawser.server

import java.time.Duration

/**
 * Whether something that is tried again and again, after a second at most, fails at present, and since when. Tries that wait and do not
 * fail are not told of: so what has not failed for a while does not fail. [clock] is in nanoseconds. One coroutine tells, any thread asks.
 */
internal class Trouble(private val clock: () -> Long) {
    private class Row(val since: Long, val last: Long, val cause: Throwable)

    @Volatile
    private var row: Row? = null

    fun failed(cause: Throwable) {
        val now = clock()
        val before = row?.takeIf { now - it.last < FORGOTTEN }
        row = Row(before?.since ?: now, now, cause)
    }

    fun over() {
        if (row != null) row = null
    }

    /** [problem] of how long it has been failing, and why the last time; or null if it does not. */
    fun <T> now(problem: (lasts: Duration, cause: Throwable) -> T): T? {
        val row = row ?: return null
        val now = clock()
        return if (now - row.last < FORGOTTEN) problem(Duration.ofNanos((now - row.since).coerceAtLeast(0)), row.cause) else null
    }

    private companion object {
        const val FORGOTTEN = 2_000_000_000L
    }
}
