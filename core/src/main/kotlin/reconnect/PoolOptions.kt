package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.KotlinOnly
import io.hawser.orInfinite
import io.hawser.orNull
import io.hawser.requireAtLeastOne
import io.hawser.requirePositive
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/**
 * How a [Pool] keeps its connections. Immutable: `PoolOptions { maxConnections = 2 }` in Kotlin,
 * `PoolOptions.builder().maxConnections(2).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [maxConnections] | 8 | at a time, whatever they are doing |
 * | [minIdle] | 0 | how many are to wait to be borrowed, made in the background |
 * | `borrowTimeout` | 5 s | for waiting, connecting and checking together: [PoolTimeout] |
 * | `idleTime` | 1 min | one that nobody borrowed for as long is closed |
 * | `lifetime` | 30 min | one as old is closed, when nobody has it |
 * | `healthTimeout` | 1 s | what the health check of one connection may take |
 * | [backoff] | 100 ms, doubling up to 30 s, jittered | between failures to make what [minIdle] lacks, and after what ends at once |
 *
 * Connections are otherwise as the options of the client say. A client whose `connectTimeout` is shorter than `borrowTimeout` tells a
 * borrower what is wrong, where else it is only out of time.
 */
public class PoolOptions private constructor(from: Builder) {
    /** At a time, whatever they are doing: idle, borrowed, being made or being closed. */
    public val maxConnections: Int = from.maxConnections.also { requireAtLeastOne("maxConnections", it) }

    /** How many are to wait to be borrowed, as far as there is room for them under [maxConnections]. */
    public val minIdle: Int = from.minIdle.also { require(it in 0..maxConnections) { "minIdle is not in 0..$maxConnections: $it" } }

    /** For waiting, connecting and checking together. */
    @get:JvmSynthetic
    public val borrowTimeout: Duration = from.borrowTimeout.also { requirePositive("borrowTimeout", it) }

    /** How long one may be idle before it is closed. */
    @get:JvmSynthetic
    public val idleTime: Duration = from.idleTime.also { requirePositive("idleTime", it) }

    /** How old one may be before it is closed, when nobody has it. */
    @get:JvmSynthetic
    public val lifetime: Duration = from.lifetime.also { requirePositive("lifetime", it) }

    /** What the health check of one connection may take. */
    @get:JvmSynthetic
    public val healthTimeout: Duration = from.healthTimeout.also { requirePositive("healthTimeout", it) }

    /** How long to wait after failures to make what [minIdle] lacks; when it gives up, or fails, nothing is made in the background any more. */
    public val backoff: Backoff = from.backoff

    internal val healthCheck: (suspend (Connection) -> Boolean)? = from.healthCheck

    /** For Java: see `borrowTimeout`. */
    @JvmName("getBorrowTimeout")
    public fun borrowTimeoutAsJava(): java.time.Duration? = borrowTimeout.orNull()

    /** For Java: see `idleTime`. */
    @JvmName("getIdleTime")
    public fun idleTimeAsJava(): java.time.Duration? = idleTime.orNull()

    /** For Java: see `lifetime`. */
    @JvmName("getLifetime")
    public fun lifetimeAsJava(): java.time.Duration? = lifetime.orNull()

    /** For Java: see `healthTimeout`. */
    @JvmName("getHealthTimeout")
    public fun healthTimeoutAsJava(): java.time.Duration? = healthTimeout.orNull()

    /** A builder that begins with these options, the health check included. */
    public fun toBuilder(): Builder = Builder().also {
        it.maxConnections = maxConnections
        it.minIdle = minIdle
        it.borrowTimeout = borrowTimeout
        it.idleTime = idleTime
        it.lifetime = lifetime
        it.healthTimeout = healthTimeout
        it.backoff = backoff
        it.healthCheck = healthCheck
    }

    override fun toString(): String = "PoolOptions(maxConnections=$maxConnections, minIdle=$minIdle, borrowTimeout=$borrowTimeout, " +
        "idleTime=$idleTime, lifetime=$lifetime, healthTimeout=$healthTimeout)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [PoolOptions.maxConnections]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxConnections: Int = 8

        /** See [PoolOptions.minIdle]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var minIdle: Int = 0

        /** See [PoolOptions.borrowTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var borrowTimeout: Duration = 5.seconds

        /** See [PoolOptions.idleTime]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var idleTime: Duration = 1.minutes

        /** See [PoolOptions.lifetime]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var lifetime: Duration = 30.minutes

        /** See [PoolOptions.healthTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var healthTimeout: Duration = 1.seconds

        /** See [PoolOptions.backoff]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var backoff: Backoff = Backoff.exponential(100.milliseconds, ceiling = 30.seconds).jittered()

        internal var healthCheck: (suspend (Connection) -> Boolean)? = null

        /**
         * Has [hook] look at each connection that was idle, when it is to be lent. One of which it says false, with which it throws an
         * exception, or for which it takes over `healthTimeout` is closed, and the borrower gets another, one after the other, as long as
         * `borrowTimeout` lasts. It leaves nothing unread.
         */
        @KotlinOnly
        public fun healthCheck(hook: suspend (Connection) -> Boolean): Builder = apply { healthCheck = hook }

        /** See [PoolOptions.maxConnections]. */
        public fun maxConnections(value: Int): Builder = apply { maxConnections = value }

        /** See [PoolOptions.minIdle]. */
        public fun minIdle(value: Int): Builder = apply { minIdle = value }

        /** See [PoolOptions.borrowTimeout]; null for none. */
        public fun borrowTimeout(value: java.time.Duration?): Builder = apply { borrowTimeout = value.orInfinite() }

        /** See [PoolOptions.idleTime]; null for none. */
        public fun idleTime(value: java.time.Duration?): Builder = apply { idleTime = value.orInfinite() }

        /** See [PoolOptions.lifetime]; null for none. */
        public fun lifetime(value: java.time.Duration?): Builder = apply { lifetime = value.orInfinite() }

        /** See [PoolOptions.healthTimeout]; null for none. */
        public fun healthTimeout(value: java.time.Duration?): Builder = apply { healthTimeout = value.orInfinite() }

        /** See [PoolOptions.backoff]. */
        public fun backoff(value: Backoff): Builder = apply { backoff = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): PoolOptions = PoolOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): PoolOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
