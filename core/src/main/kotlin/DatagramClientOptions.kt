package io.hawser

import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * How a client of datagrams opens its sockets. Immutable: `DatagramClientOptions { maxDatagramSize = 1_500 }` in Kotlin,
 * `DatagramClientOptions.builder().maxDatagramSize(1_500).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | `openTimeout` | 10 s | for looking the peer's name up: [ConnectTimeout] |
 *
 * The others are those of [DatagramOptions].
 */
public class DatagramClientOptions private constructor(from: Builder) : DatagramOptions(from) {
    /** For looking the peer's name up. */
    @get:JvmSynthetic
    public val openTimeout: Duration = from.openTimeout.also { requirePositive("openTimeout", it) }

    /** For Java: see `openTimeout`. */
    @JvmName("getOpenTimeout")
    public fun openTimeoutAsJava(): java.time.Duration? = openTimeout.orNull()

    override fun toString(): String = "DatagramClientOptions(openTimeout=$openTimeout, ${describe()})"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() : DatagramOptions.Builder<Builder>() {
        /** See [DatagramClientOptions.openTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var openTimeout: Duration = 10.seconds

        override val self: Builder get() = this

        /** See [DatagramClientOptions.openTimeout]; null for none. */
        public fun openTimeout(value: java.time.Duration?): Builder = apply { openTimeout = value.orInfinite() }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): DatagramClientOptions = DatagramClientOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): DatagramClientOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
