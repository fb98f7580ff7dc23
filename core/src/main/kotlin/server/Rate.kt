package io.hawser.server

/** A token bucket: [perSecond] tokens a second, and no more than that in store. For one coroutine at a time; it begins full. */
internal class Rate(val perSecond: Int) {
    private var stored = perSecond.toDouble()
    private var asOf: Long? = null

    /** How many nanoseconds after [now] there is a token, 0 if there is one. */
    fun untilNext(now: Long): Long {
        refill(now)
        return if (stored >= 1) 0 else maxOf(1, ((1 - stored) * NANOS_PER_SECOND / perSecond).toLong())
    }

    /** Takes the token that there is at [now]. */
    fun take(now: Long) {
        refill(now)
        stored -= 1
    }

    /** Takes the token that there is at [now], if there is one. */
    fun takeIfThere(now: Long): Boolean = (untilNext(now) == 0L).also { if (it) take(now) }

    /** Whether nobody has taken a token for so long that all are there at [now]. */
    fun isFull(now: Long): Boolean {
        refill(now)
        return stored >= perSecond
    }

    private fun refill(now: Long) {
        asOf?.let { stored = minOf(perSecond.toDouble(), stored + (now - it) / NANOS_PER_SECOND * perSecond) }
        asOf = now
    }

    companion object {
        private const val NANOS_PER_SECOND = 1e9

        /** One of [perSecond], or null if that is no limit. */
        fun of(perSecond: Int): Rate? = if (perSecond == Int.MAX_VALUE) null else Rate(perSecond)
    }
}
