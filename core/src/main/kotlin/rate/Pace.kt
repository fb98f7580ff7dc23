package io.hawser.rate

/**
 * How fast two counts of bytes grow, for those who ask now and then: per second since somebody asked, a second ago or the last time
 * before that, or since the beginning, which counts as a tenth of a second ago at least.
 */
internal class Pace(began: Long) {
    private class Sample(val at: Long, val bytesRead: Long, val bytesWritten: Long)

    /** Guarded by the monitor, like [latest]. What is asked for now is compared with it. */
    private var earlier = Sample(began, 0, 0)

    /** At least a second later than [earlier], to take its place a second after that. */
    private var latest = earlier

    /** Bytes per second that were read, and written, up to [now]. */
    @Synchronized
    fun measure(now: Long, bytesRead: Long, bytesWritten: Long): Pair<Double, Double> {
        if (now - latest.at >= SECOND) {
            earlier = latest
            latest = Sample(now, bytesRead, bytesWritten)
        }
        val passed = (now - earlier.at).coerceAtLeast(LEAST) / SECOND.toDouble()
        return (bytesRead - earlier.bytesRead) / passed to (bytesWritten - earlier.bytesWritten) / passed
    }

    private companion object {
        const val SECOND = 1_000_000_000L

        /** What came in less would be no pace. */
        const val LEAST = SECOND / 10
    }
}
