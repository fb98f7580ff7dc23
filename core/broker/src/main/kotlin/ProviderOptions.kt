package io.hawser.broker

import io.hawser.broker.wire.Frame
import io.hawser.reconnect.LinkOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/**
 * How a [Provider] stays at its broker. Immutable: `ProviderOptions { prefetch = 0 }` in Kotlin,
 * `ProviderOptions.builder().prefetch(0).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [link] | its defaults | how it connects again |
 * | `token` | empty | what it shows the broker's admission, up to 4 096 bytes |
 * | [prefetch] | 16 | requests that it takes beyond those that are handled, so that handlers need not wait for the next one; 0 for long jobs. Never more than are handled |
 * | `helloTimeout` | 15 s | how long the broker may take to register it: longer than its admission, which has 10 s there |
 * | `pingEvery` | 15 s | silence before it asks the broker whether it is there; infinite for never |
 * | `pingTimeout` | 5 s | how long the broker may take to say anything then, before it connects again |
 */
public class ProviderOptions private constructor(from: Builder) {
    public val link: LinkOptions = from.link
    internal val token: ByteArray = requireToken(from.token)
    public val prefetch: Int = from.prefetch.also { require(it >= 0) { "prefetch < 0: $it" } }

    /** How long the broker may take to register it. */
    @get:JvmSynthetic
    public val helloTimeout: Duration = from.helloTimeout.also { requirePositive("helloTimeout", it) }

    /** Silence before it asks the broker whether it is there. */
    @get:JvmSynthetic
    public val pingEvery: Duration = from.pingEvery.also { requirePositive("pingEvery", it) }

    /** How long the broker may take to say anything then. */
    @get:JvmSynthetic
    public val pingTimeout: Duration = from.pingTimeout.also { requirePositive("pingTimeout", it) }

    /** For Java: see `helloTimeout`. */
    @JvmName("getHelloTimeout")
    public fun helloTimeoutAsJava(): java.time.Duration = helloTimeout.toJavaDuration()

    /** For Java: see `pingEvery`; null for never. */
    @JvmName("getPingEvery")
    public fun pingEveryAsJava(): java.time.Duration? = pingEvery.orNull()

    /** For Java: see `pingTimeout`. */
    @JvmName("getPingTimeout")
    public fun pingTimeoutAsJava(): java.time.Duration = pingTimeout.toJavaDuration()

    override fun toString(): String =
        "ProviderOptions(link=$link, prefetch=$prefetch, helloTimeout=$helloTimeout, pingEvery=$pingEvery, pingTimeout=$pingTimeout)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [ProviderOptions.link]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var link: LinkOptions = LinkOptions()

        /** See [ProviderOptions]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var token: ByteArray = ByteArray(0)

        /** See [ProviderOptions.prefetch]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var prefetch: Int = 16

        /** See [ProviderOptions.helloTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var helloTimeout: Duration = 15.seconds

        /** See [ProviderOptions.pingEvery]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var pingEvery: Duration = 15.seconds

        /** See [ProviderOptions.pingTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var pingTimeout: Duration = 5.seconds

        /** See [ProviderOptions.link]. */
        public fun link(value: LinkOptions): Builder = apply { link = value }

        /** See [ProviderOptions]. */
        public fun token(value: ByteArray): Builder = apply { token = value }

        /** A token that is a text: its UTF-8. */
        public fun token(value: String): Builder = token(value.encodeToByteArray())

        /** See [ProviderOptions.prefetch]. */
        public fun prefetch(value: Int): Builder = apply { prefetch = value }

        /** See [ProviderOptions.helloTimeout]. */
        public fun helloTimeout(value: java.time.Duration): Builder = apply { helloTimeout = value.toKotlinDuration() }

        /** See [ProviderOptions.pingEvery]; null for never. */
        public fun pingEvery(value: java.time.Duration?): Builder = apply { pingEvery = value.orInfinite() }

        /** See [ProviderOptions.pingTimeout]. */
        public fun pingTimeout(value: java.time.Duration): Builder = apply { pingTimeout = value.toKotlinDuration() }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): ProviderOptions = ProviderOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): ProviderOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}

internal fun requireToken(token: ByteArray): ByteArray {
    require(token.size <= Frame.LONGEST_TOKEN) { "a token of ${token.size} bytes, over ${Frame.LONGEST_TOKEN}" }
    return token.copyOf()
}

internal fun requirePositive(name: String, value: Duration) = require(value.isPositive()) { "$name is not positive: $value" }

/** As Java has it: null for an infinite one. */
internal fun Duration.orNull(): java.time.Duration? = if (isInfinite()) null else toJavaDuration()

internal fun java.time.Duration?.orInfinite(): Duration = this?.toKotlinDuration() ?: Duration.INFINITE
