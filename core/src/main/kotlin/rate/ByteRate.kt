package io.hawser.rate

/**
 * Bytes per second for any number of connections: a token bucket of a tenth of a second, which begins full. Bytes that are not there yet
 * are [reserved][reserve] in the order of asking, so that each of many gets its share. Any thread.
 *
 * [mostAtOnce] is what one waits for at a time at most.
 */
internal class ByteRate(perSecond: Long, private val mostAtOnce: Long) {
    /** Counts for what is asked for from now on. */
    @Volatile
    var perSecond: Long = perSecond
        @Synchronized set(value) {
            asOf?.let(::refill)
            field = value
            stored = minOf(stored, capacity)
        }

    private val capacity: Double get() = maxOf(1.0, perSecond / TENTHS)

    /** Guarded by the monitor, like [asOf]. Below zero are bytes that are reserved and not there yet. */
    private var stored = capacity
    private var asOf: Long? = null

    /** What it is worth waiting for: a twentieth of a second's bytes. */
    val quantum: Long get() = (perSecond / TWENTIETHS).coerceIn(1, mostAtOnce)

    /** Takes as many of [max] bytes as there are at [now], or none if that is fewer than [least]. */
    @Synchronized
    fun take(max: Long, least: Long, now: Long): Long {
        refill(now)
        if (stored < least) return 0
        val taken = minOf(max, stored.toLong())
        stored -= taken
        return taken
    }

    /** Takes [bytes], and returns how many nanoseconds after [now] they are there. */
    @Synchronized
    fun reserve(bytes: Long, now: Long): Long {
        refill(now)
        stored -= bytes
        return if (stored >= 0) 0 else (-stored * NANOS_PER_SECOND / perSecond).toLong() + 1
    }

    /** [bytes] that were taken have not been used. */
    @Synchronized
    fun giveBack(bytes: Long) {
        stored = minOf(capacity, stored + bytes)
    }

    /** Clocks that are exact to a turn of their loop may be a turn behind each other. */
    private fun refill(now: Long) {
        val since = asOf ?: now
        if (asOf != null && now - since <= 0) return
        stored = minOf(capacity, stored + (now - since) / NANOS_PER_SECOND * perSecond)
        asOf = now
    }

    private companion object {
        const val TENTHS = 10.0
        const val TWENTIETHS = 20
        const val NANOS_PER_SECOND = 1e9
    }
}
