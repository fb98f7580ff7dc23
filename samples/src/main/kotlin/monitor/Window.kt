package io.hawser.samples.monitor

import java.util.concurrent.TimeUnit.HOURS
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import org.HdrHistogram.Histogram
import org.HdrHistogram.Recorder

/** How long things took lately. */
internal class Window {
    private val recorder = Recorder(LONGEST, DIGITS)

    /** What was recorded between two turns, the oldest first. */
    private val turns = ArrayDeque<Histogram>()

    /** Notes what took [nanos]. If nothing could be noted meanwhile what was to be [every] so often, that counts as well. Any thread. */
    fun record(nanos: Long, every: Duration = Duration.ZERO): Unit =
        recorder.recordValueWithExpectedInterval(nanos.coerceIn(1, LONGEST), every.inWholeNanoseconds)

    /**
     * What was recorded within the last [TURNS] calls, and what is not over yet and has taken [pending] so far; null if that is nothing.
     * For one thread at a time.
     */
    fun turn(pending: List<Long> = emptyList(), every: Duration = Duration.ZERO): Quantiles? {
        turns += recorder.getIntervalHistogram(if (turns.size == TURNS) turns.removeFirst() else null)
        val all = Histogram(LONGEST, DIGITS)
        turns.forEach(all::add)
        pending.forEach { all.recordValueWithExpectedInterval(it.coerceIn(1, LONGEST), every.inWholeNanoseconds) }
        return if (all.totalCount == 0L) null else Quantiles(all.at(P50), all.at(P99), all.maxValue.nanoseconds)
    }

    private fun Histogram.at(percentile: Double): Duration = minOf(getValueAtPercentile(percentile), maxValue).nanoseconds

    companion object {
        /** How many turns it remembers. */
        const val TURNS = 10

        private const val DIGITS = 2
        private const val P50 = 50.0
        private const val P99 = 99.0
        private val LONGEST = HOURS.toNanos(1)
    }
}
