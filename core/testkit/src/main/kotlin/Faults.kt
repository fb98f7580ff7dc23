package io.hawser.testkit

import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toKotlinDuration

/**
 * What goes wrong with the bytes of one direction; by default nothing. Immutable: `Faults { sliceTo = 1 }` in Kotlin,
 * `Faults.builder().sliceTo(1).build()` in Java. The same seed does the same to the same bytes.
 *
 * | fault | default | |
 * |---|---|---|
 * | [sliceTo] | none | no call moves more than that many bytes; how many it moves up to there is random |
 * | [bandwidth] | unlimited | bytes per second |
 * | `latency` | 0 | how long each byte is late; many may be on their way at once |
 * | `jitter` | 0 | how much longer than that it may be, by chance; order is kept |
 * | [silentAfter] | never | after that many bytes nothing moves, and nobody is told |
 * | [cutAfter] | never | after that many bytes the connection is reset for both sides |
 * | [endAfter] | never | after that many bytes the direction ends |
 * | [corruptAt] | none | one bit of the byte at that offset is flipped |
 */
public class Faults private constructor(from: Builder) {
    /** The most bytes that one call moves. At least 1. */
    public val sliceTo: Int = from.sliceTo.also { require(it >= 1) { "sliceTo < 1: $it" } }

    /** Bytes per second. At least 1. */
    public val bandwidth: Long = from.bandwidth.also { require(it >= 1) { "bandwidth < 1: $it" } }

    /** How long each byte is late. */
    @get:JvmSynthetic
    public val latency: Duration =
        from.latency.also { require(!it.isNegative() && it.isFinite()) { "latency is not finite and >= 0: $it" } }

    /** How much longer than [latency] it may be, by chance. */
    @get:JvmSynthetic
    public val jitter: Duration = from.jitter.also { require(!it.isNegative() && it.isFinite()) { "jitter is not finite and >= 0: $it" } }

    /** How many bytes pass before silence. */
    public val silentAfter: Long = from.silentAfter.also { require(it >= 0) { "silentAfter < 0: $it" } }

    /** How many bytes pass before the reset. */
    public val cutAfter: Long = from.cutAfter.also { require(it >= 0) { "cutAfter < 0: $it" } }

    /** How many bytes pass before the end. */
    public val endAfter: Long = from.endAfter.also { require(it >= 0) { "endAfter < 0: $it" } }

    /** The offset of the byte that is corrupted, or [NEVER]. */
    public val corruptAt: Long = from.corruptAt.also { require(it >= 0) { "corruptAt < 0: $it" } }

    /** What chance is made from. */
    public val seed: Long = from.seed

    /** Collects faults; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [Faults.sliceTo]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var sliceTo: Int = Int.MAX_VALUE

        /** See [Faults.bandwidth]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var bandwidth: Long = NEVER

        /** See [Faults.latency]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var latency: Duration = 0.nanoseconds

        /** See [Faults.jitter]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var jitter: Duration = 0.nanoseconds

        /** See [Faults.silentAfter]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var silentAfter: Long = NEVER

        /** See [Faults.cutAfter]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var cutAfter: Long = NEVER

        /** See [Faults.endAfter]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var endAfter: Long = NEVER

        /** See [Faults.corruptAt]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var corruptAt: Long = NEVER

        /** See [Faults.seed]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var seed: Long = 0

        /** See [Faults.sliceTo]. */
        public fun sliceTo(value: Int): Builder = apply { sliceTo = value }

        /** See [Faults.bandwidth]. */
        public fun bandwidth(value: Long): Builder = apply { bandwidth = value }

        /** See [Faults.latency]. */
        public fun latency(value: java.time.Duration): Builder = apply { latency = value.toKotlinDuration() }

        /** See [Faults.jitter]. */
        public fun jitter(value: java.time.Duration): Builder = apply { jitter = value.toKotlinDuration() }

        /** See [Faults.silentAfter]. */
        public fun silentAfter(value: Long): Builder = apply { silentAfter = value }

        /** See [Faults.cutAfter]. */
        public fun cutAfter(value: Long): Builder = apply { cutAfter = value }

        /** See [Faults.endAfter]. */
        public fun endAfter(value: Long): Builder = apply { endAfter = value }

        /** See [Faults.corruptAt]. */
        public fun corruptAt(value: Long): Builder = apply { corruptAt = value }

        /** See [Faults.seed]. */
        public fun seed(value: Long): Builder = apply { seed = value }

        /** @throws IllegalArgumentException naming the fault and its value. */
        public fun build(): Faults = Faults(this)
    }

    public companion object {
        /** A number of bytes that nobody reaches. */
        public const val NEVER: Long = Long.MAX_VALUE

        /** Nothing goes wrong. */
        @JvmField
        public val NONE: Faults = Faults {}

        /** The faults that [block] sets. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit): Faults = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
