package io.hawser

import io.hawser.engine.EventLoopGroup
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/**
 * How a client connects. Immutable: `ClientOptions { connectTimeout = 3.seconds }` in Kotlin,
 * `ClientOptions.builder().connectTimeout(Duration.ofSeconds(3)).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | `connectTimeout` | 10 s | for name resolution and all addresses together |
 * | [group] | [EventLoopGroup.shared] | the loops that connect, read and write; a `connect` called on one of them stays on it |
 */
public class ClientOptions private constructor(from: Builder) {
    /** For name resolution and all addresses together; positive, `INFINITE` for as long as it takes. */
    @get:JvmSynthetic
    public val connectTimeout: Duration = from.connectTimeout.also { require(it.isPositive()) { "connectTimeout is not positive: $it" } }

    /** The loops that connect, read and write, or null for [EventLoopGroup.shared]. */
    public val group: EventLoopGroup? = from.group

    /** For Java: see [connectTimeout]. */
    @JvmName("getConnectTimeout")
    public fun connectTimeoutAsJava(): java.time.Duration = connectTimeout.toJavaDuration()

    override fun toString(): String = "ClientOptions(connectTimeout=$connectTimeout, group=${group ?: "shared"})"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [ClientOptions.connectTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var connectTimeout: Duration = 10.seconds

        /** See [ClientOptions.group]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var group: EventLoopGroup? = null

        /** See [ClientOptions.connectTimeout]. */
        public fun connectTimeout(value: java.time.Duration): Builder = apply { connectTimeout = value.toKotlinDuration() }

        /** See [ClientOptions.group]. */
        public fun group(value: EventLoopGroup): Builder = apply { group = value }

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
