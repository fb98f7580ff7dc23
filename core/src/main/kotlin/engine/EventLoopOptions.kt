package io.hawser.engine

import java.nio.channels.spi.SelectorProvider
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.toKotlinDuration

/**
 * How the loops of a group run. Immutable: `EventLoopOptions { loops = 2 }` in Kotlin, `EventLoopOptions.builder().loops(2).build()`
 * in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [loops] | one per core | threads of the group |
 * | `spin` | 50 us | how long a loop polls before it sleeps; zero for never |
 * | [bufferSize] | 128 KiB | the direct buffers that reads go through |
 * | `blockedAfter` | 500 ms | how long one task may hold its loop before the watchdog warns; `INFINITE` for never |
 * | [name] | `hawser` | the threads are called `hawser-loop-1` and so on |
 * | [provider] | the JDK's | where selectors and channels come from |
 */
public class EventLoopOptions private constructor(from: Builder) {
    /** How many loops, each a thread. At least 1. */
    public val loops: Int = from.loops.also { require(it >= 1) { "loops < 1: $it" } }

    /** How long a loop polls before it sleeps: it cuts the latency of an answer that comes soon, and costs nothing when idle. */
    @get:JvmSynthetic
    public val spin: Duration = from.spin.also { require(!it.isNegative() && it.isFinite()) { "spin is not finite and >= 0: $it" } }

    /** The size in bytes of the direct buffers that reads go through. At least 1 KiB. */
    public val bufferSize: Int = from.bufferSize.also { require(it >= MIN_BUFFER) { "bufferSize < $MIN_BUFFER: $it" } }

    /** How long one task may hold its loop before the watchdog logs a warning. */
    @get:JvmSynthetic
    public val blockedAfter: Duration = from.blockedAfter.also { require(it.isPositive()) { "blockedAfter is not positive: $it" } }

    /** What the threads are named by. */
    public val name: String = from.name.also { require(it.isNotBlank()) { "name is blank: \"$it\"" } }

    /** Where selectors and channels come from. */
    public val provider: SelectorProvider = from.provider

    internal val spinNanos: Long = spin.inWholeNanoseconds

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [EventLoopOptions.loops]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var loops: Int = Runtime.getRuntime().availableProcessors()

        /** See [EventLoopOptions.spin]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var spin: Duration = 50.microseconds

        /** See [EventLoopOptions.bufferSize]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var bufferSize: Int = 128 * 1024

        /** See [EventLoopOptions.blockedAfter]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var blockedAfter: Duration = 500.milliseconds

        /** See [EventLoopOptions.name]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var name: String = "hawser"

        /** See [EventLoopOptions.provider]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var provider: SelectorProvider = SelectorProvider.provider()

        /** See [EventLoopOptions.loops]. */
        public fun loops(value: Int): Builder = apply { loops = value }

        /** See [EventLoopOptions.spin]. */
        public fun spin(value: java.time.Duration): Builder = apply { spin = value.toKotlinDuration() }

        /** See [EventLoopOptions.bufferSize]. */
        public fun bufferSize(value: Int): Builder = apply { bufferSize = value }

        /** See [EventLoopOptions.blockedAfter]. */
        public fun blockedAfter(value: java.time.Duration): Builder = apply { blockedAfter = value.toKotlinDuration() }

        /** See [EventLoopOptions.name]. */
        public fun name(value: String): Builder = apply { name = value }

        /** See [EventLoopOptions.provider]. */
        public fun provider(value: SelectorProvider): Builder = apply { provider = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): EventLoopOptions = EventLoopOptions(this)
    }

    public companion object {
        private const val MIN_BUFFER = 1024

        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): EventLoopOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
