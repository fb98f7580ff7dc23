package io.hawser.reconnect

import io.hawser.KotlinOnly
import io.hawser.requirePositive
import java.util.function.BiFunction
import java.util.function.Predicate
import kotlin.math.pow
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/**
 * How long to wait after failures, and when to give up: a value, made of smaller ones.
 *
 * ```
 * Backoff.exponential(100.milliseconds, ceiling = 30.seconds).jittered().upTo(failures = 20)
 * ```
 *
 * Any number of links may share one, so it keeps nothing; several may ask it at once.
 */
public fun interface Backoff {
    /**
     * How long to wait after [failures] in a row, at least 1, the last of which was [cause]: what an attempt or a session failed with, or
     * null if a session just returned. Null gives up.
     *
     * It may suspend, until there is a network for example, and is cancelled when the link stops. What it throws stops the link.
     */
    @KotlinOnly
    public suspend fun delayAfter(failures: Int, cause: Throwable?): Duration?

    /** This one, of which any part is waited for, so that clients that lost their server together come back one by one ("full jitter"). */
    public fun jittered(): Backoff = jittered(Random)

    /** As the other, with chance from [random], which is asked from several threads if several links share this. */
    public fun jittered(random: Random): Backoff =
        Backoff { failures, cause -> delayAfter(failures, cause)?.let { if (it.isFinite()) it * random.nextDouble() else it } }

    /** This one, which gives up after more than [failures] in a row: 0 does not even try again once. */
    public fun upTo(failures: Int): Backoff {
        require(failures >= 0) { "failures < 0: $failures" }
        return Backoff { count, cause -> if (count > failures) null else delayAfter(count, cause) }
    }

    /** This one, which gives up when what failed [matches]. */
    public fun giveUpWhen(matches: Predicate<Throwable>): Backoff =
        Backoff { failures, cause -> if (cause != null && matches.test(cause)) null else delayAfter(failures, cause) }

    public companion object {
        /** The next attempt follows at once. */
        @JvmField
        public val immediate: Backoff = Backoff { _, _ -> Duration.ZERO }

        /** There is no next attempt: the first failure, and the first end of a session, is the end. */
        @JvmField
        public val never: Backoff = Backoff { _, _ -> null }

        /** Always [delay]. */
        @JvmSynthetic
        public fun constant(delay: Duration): Backoff {
            require(!delay.isNegative() && delay.isFinite()) { "delay is not a finite duration >= 0: $delay" }
            return Backoff { _, _ -> delay }
        }

        /** [first], and [factor] times as long after each further failure, up to [ceiling]. */
        @JvmSynthetic
        public fun exponential(first: Duration, ceiling: Duration, factor: Double = 2.0): Backoff {
            requirePositive("first", first)
            require(ceiling >= first && ceiling.isFinite()) { "ceiling is not a finite duration >= $first: $ceiling" }
            require(factor >= 1 && factor.isFinite()) { "factor is not a finite number >= 1: $factor" }
            return Backoff { failures, _ ->
                val growth = factor.pow(failures - 1)
                // Compared before it is multiplied: durations have an end.
                if (growth >= ceiling / first) ceiling else first * growth
            }
        }

        /** For Java: see the other. */
        @JvmStatic
        public fun constant(delay: java.time.Duration): Backoff = constant(delay.toKotlinDuration())

        /** For Java: [first], and twice as long after each further failure, up to [ceiling]. */
        @JvmStatic
        public fun exponential(first: java.time.Duration, ceiling: java.time.Duration): Backoff =
            exponential(first.toKotlinDuration(), ceiling.toKotlinDuration())

        /** For Java: what [delayAfter] returns for a number of failures and the last one of them, which may be null; null gives up. */
        @JvmStatic
        public fun of(delayAfter: BiFunction<Int, Throwable?, java.time.Duration?>): Backoff =
            Backoff { failures, cause -> delayAfter.apply(failures, cause)?.toKotlinDuration() }
    }
}
