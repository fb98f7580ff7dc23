package io.hawser.reconnect

import io.hawser.requireAtLeastOne
import io.hawser.requirePositive
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/**
 * When a [CircuitBreaker] opens, and for how long. Immutable: `CircuitBreakerOptions { failures = 3 }` in Kotlin,
 * `CircuitBreakerOptions.builder().failures(3).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [failures] | 5 | in a row, and it opens |
 * | `openFor` | 30 s | before somebody may try again |
 * | `timeSource` | [TimeSource.Monotonic] | what it tells the time by |
 */
public class CircuitBreakerOptions private constructor(from: Builder) {
    /** How many attempts in a row have failed when it opens. */
    public val failures: Int = from.failures.also { requireAtLeastOne("failures", it) }

    /** How long nobody may try. */
    @get:JvmSynthetic
    public val openFor: Duration = from.openFor.also {
        require(it.isPositive() && it.isFinite()) { "openFor is not a finite duration > 0: $it" }
    }

    /** What it tells the time by. */
    @get:JvmSynthetic
    public val timeSource: TimeSource = from.timeSource

    /** For Java: see `openFor`. */
    @JvmName("getOpenFor")
    public fun openForAsJava(): java.time.Duration = openFor.toJavaDuration()

    override fun toString(): String = "CircuitBreakerOptions(failures=$failures, openFor=$openFor)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [CircuitBreakerOptions.failures]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var failures: Int = 5

        /** See [CircuitBreakerOptions.openFor]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var openFor: Duration = 30.seconds

        /** See [CircuitBreakerOptions.timeSource]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var timeSource: TimeSource = TimeSource.Monotonic

        /** See [CircuitBreakerOptions.failures]. */
        public fun failures(value: Int): Builder = apply { failures = value }

        /** See [CircuitBreakerOptions.openFor]. */
        public fun openFor(value: java.time.Duration): Builder = apply { openFor = value.toKotlinDuration() }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): CircuitBreakerOptions = CircuitBreakerOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): CircuitBreakerOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
