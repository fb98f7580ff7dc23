package io.hawser

import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * How a client connects, and how its connections live. Immutable: `ClientOptions { connectTimeout = 3.seconds }` in Kotlin,
 * `ClientOptions.builder().connectTimeout(Duration.ofSeconds(3)).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | `connectTimeout` | 10 s | for name resolution and all addresses together: [ConnectTimeout] |
 * | `attemptDelay` | 250 ms | how long one address is given before the next is tried beside it (RFC 8305, section 5) |
 * | [group] | [io.hawser.engine.EventLoopGroup.shared] | a `connect` called on one of its loops stays there |
 *
 * The others are those of [ConnectionOptions].
 */
public class ClientOptions private constructor(from: Builder) : ConnectionOptions(from) {
    /** For name resolution and all addresses together. */
    @get:JvmSynthetic
    public val connectTimeout: Duration = from.connectTimeout.also { requirePositive("connectTimeout", it) }

    /** How long one address is given before the next is tried beside it; `INFINITE` for one after the other. */
    @get:JvmSynthetic
    public val attemptDelay: Duration = from.attemptDelay.also { requirePositive("attemptDelay", it) }

    /** For Java: see `connectTimeout`. */
    @JvmName("getConnectTimeout")
    public fun connectTimeoutAsJava(): java.time.Duration? = connectTimeout.orNull()

    /** For Java: see `attemptDelay`. */
    @JvmName("getAttemptDelay")
    public fun attemptDelayAsJava(): java.time.Duration? = attemptDelay.orNull()

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder().also {
        it.connectTimeout = connectTimeout
        it.attemptDelay = attemptDelay
        it.beginWith(this)
    }

    override fun toString(): String = "ClientOptions(connectTimeout=$connectTimeout, attemptDelay=$attemptDelay, ${describe()})"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() : ConnectionOptions.Builder<Builder>() {
        /** See [ClientOptions.connectTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var connectTimeout: Duration by option(10.seconds)

        /** See [ClientOptions.attemptDelay]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var attemptDelay: Duration = 250.milliseconds

        override val self: Builder get() = this

        /** See [ClientOptions.connectTimeout]; null for none. */
        public fun connectTimeout(value: java.time.Duration?): Builder = apply { connectTimeout = value.orInfinite() }

        /** See [ClientOptions.attemptDelay]; null for one address after the other. */
        public fun attemptDelay(value: java.time.Duration?): Builder = apply { attemptDelay = value.orInfinite() }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): ClientOptions = ClientOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): ClientOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
