package io.hawser.reconnect

import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/** What is to be done about a failure of a link: what its `onError` returns. */
public sealed interface Decision {
    /** Try again when [LinkOptions.backoff] says so. */
    public data object Retry : Decision

    /** Try again after a delay of its own. */
    public class RetryAfter(
        /** How long to wait. */
        @get:JvmSynthetic
        public val delay: Duration,
    ) : Decision {
        init {
            require(!delay.isNegative()) { "delay is negative: $delay" }
        }

        /** For Java. */
        public constructor(delay: java.time.Duration) : this(delay.toKotlinDuration())

        /** For Java: see `delay`. */
        @JvmName("getDelay")
        public fun delayAsJava(): java.time.Duration = delay.toJavaDuration()

        override fun toString(): String = "RetryAfter($delay)"
    }

    /** Give up, because of what failed. */
    public data object Stop : Decision
}
