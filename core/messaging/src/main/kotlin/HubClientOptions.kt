package io.hawser.messaging

import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.OutboxOptions
import java.time.ZoneId
import java.time.ZoneOffset
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/**
 * How a [HubClient] stays connected and what it keeps. Immutable: `HubClientOptions { maxMessages = 100 }` in Kotlin,
 * `HubClientOptions.builder().maxMessages(100).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [link] | its defaults, and an outbox | how it connects again, and what it keeps of what is sent meanwhile |
 * | [maxMessages] | 1 024 | messages that wait to be taken from [HubClient.messages]; the hub's wait behind them |
 * | [maxMessageBytes] | 16 MiB | about what they may take together in memory before the hub's wait |
 * | `pingEvery` | 15 s | silence before it asks the hub whether it is there, which it does at the beginning too; infinite for never, for hubs that do not answer |
 * | `pingTimeout` | 5 s | how long the hub may take to say anything then, before it connects again |
 * | [maxFrame] | 1 MiB | the longest message in bytes, both ways |
 * | [zone] | UTC | of the times in messages |
 */
public class HubClientOptions private constructor(from: Builder) {
    public val link: LinkOptions = from.link
    public val maxMessages: Int = from.maxMessages.also { require(it >= 1) { "maxMessages < 1: $it" } }
    public val maxMessageBytes: Int = from.maxMessageBytes.also { require(it >= 1) { "maxMessageBytes < 1: $it" } }

    /** Silence before it asks the hub whether it is there. */
    @get:JvmSynthetic
    public val pingEvery: Duration = from.pingEvery.also { require(it.isPositive()) { "pingEvery is not positive: $it" } }

    /** How long the hub may take to say anything then. */
    @get:JvmSynthetic
    public val pingTimeout: Duration = from.pingTimeout.also { require(it.isPositive()) { "pingTimeout is not positive: $it" } }
    public val maxFrame: Int = from.maxFrame.also { require(it >= 1) { "maxFrame < 1: $it" } }
    public val zone: ZoneId = from.zone

    /** For Java: see `pingEvery`; null for never. */
    @JvmName("getPingEvery")
    public fun pingEveryAsJava(): java.time.Duration? = if (pingEvery.isInfinite()) null else pingEvery.toJavaDuration()

    /** For Java: see `pingTimeout`. */
    @JvmName("getPingTimeout")
    public fun pingTimeoutAsJava(): java.time.Duration = pingTimeout.toJavaDuration()

    override fun toString(): String =
        "HubClientOptions(link=$link, maxMessages=$maxMessages, maxMessageBytes=$maxMessageBytes, pingEvery=$pingEvery, " +
            "pingTimeout=$pingTimeout, maxFrame=$maxFrame, zone=$zone)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [HubClientOptions.link]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var link: LinkOptions = LinkOptions { outbox = OutboxOptions() }

        /** See [HubClientOptions.maxMessages]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxMessages: Int = 1_024

        /** See [HubClientOptions.maxMessageBytes]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxMessageBytes: Int = 16 * 1024 * 1024

        /** See [HubClientOptions.pingEvery]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var pingEvery: Duration = 15.seconds

        /** See [HubClientOptions.pingTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var pingTimeout: Duration = 5.seconds

        /** See [HubClientOptions.maxFrame]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxFrame: Int = 1024 * 1024

        /** See [HubClientOptions.zone]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var zone: ZoneId = ZoneOffset.UTC

        /** See [HubClientOptions.link]. */
        public fun link(value: LinkOptions): Builder = apply { link = value }

        /** See [HubClientOptions.maxMessages]. */
        public fun maxMessages(value: Int): Builder = apply { maxMessages = value }

        /** See [HubClientOptions.maxMessageBytes]. */
        public fun maxMessageBytes(value: Int): Builder = apply { maxMessageBytes = value }

        /** See [HubClientOptions.pingEvery]; null for never. */
        public fun pingEvery(value: java.time.Duration?): Builder = apply { pingEvery = value?.toKotlinDuration() ?: Duration.INFINITE }

        /** See [HubClientOptions.pingTimeout]. */
        public fun pingTimeout(value: java.time.Duration): Builder = apply { pingTimeout = value.toKotlinDuration() }

        /** See [HubClientOptions.maxFrame]. */
        public fun maxFrame(value: Int): Builder = apply { maxFrame = value }

        /** See [HubClientOptions.zone]. */
        public fun zone(value: ZoneId): Builder = apply { zone = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): HubClientOptions = HubClientOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): HubClientOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
