package io.hawser.broker

import io.hawser.broker.routing.Router
import io.hawser.broker.routing.RoutingApi
import io.hawser.broker.wire.Frame
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/**
 * What a [Broker] allows and keeps. Immutable: `BrokerOptions { maxInFlight = 1_000 }` in Kotlin,
 * `BrokerOptions.builder().maxInFlight(1_000).build()` in Java. What is over a limit fails with [Overloaded], unless it says otherwise.
 *
 * | option | default | |
 * |---|---|---|
 * | [maxFrame] | 64 KiB | the longest payload of a frame in bytes, 16 KiB to 16 MiB; longer ones close the connection |
 * | [maxHeaders] | 8 KiB | headers of a request or reply in bytes, with their lengths; longer ones fail it |
 * | [window] | 512 KiB | bytes of a body that may be under way, in each direction of each request |
 * | [maxInFlightPerConnection] | 16 384 | requests at a time that one connection asks |
 * | [maxInFlight] | 65 536 | requests at a time in all |
 * | [maxWaiting] | 16 384 | requests that wait until a provider has room, or there is one |
 * | [maxQueuedBytes] | 32 MiB, or a 16th of the heap | bytes that wait to leave one connection, at least two frames; a body that does not fit fails, and who lets them wait is not listened to meanwhile |
 * | [maxBytes] | 256 MiB, or a quarter of the heap | bytes that wait in all |
 * | [maxRegistrations] | 64 | registrations of one connection |
 * | [maxChannels] | 65 536 | channels on which anybody is registered |
 * | [maxRepeatable] | 64 KiB | how much of the body of an idempotent request is kept until its answer begins, to give it to another provider if the first is lost; never more than [window] |
 * | [maxRepeats] | 2 | how often one is |
 * | `maxTimeout` | 1 h | for how long a request may go on; longer ones, and those that do not say, have as long |
 * | `helloTimeout` | 10 s | how long a client may take to be registered, and an admission to decide |
 * | `pingEvery` | 15 s | silence before a client is asked whether it is there |
 * | `pingTimeout` | 5 s | how long it may then say nothing before it is closed |
 * | [choice] | least in flight | who gets a request |
 * | [admission] | everyone | who may ask and answer |
 * | [remoteStats] | off | whether clients that are admitted to [Broker.STATS] get the statistics there |
 */
@OptIn(RoutingApi::class)
public class BrokerOptions private constructor(from: Builder) {
    public val maxFrame: Int = from.maxFrame.also {
        require(it in Frame.SMALLEST_MAX_FRAME..Frame.LARGEST_MAX_FRAME) {
            "maxFrame not in ${Frame.SMALLEST_MAX_FRAME}..${Frame.LARGEST_MAX_FRAME}: $it"
        }
    }
    public val maxHeaders: Int = from.maxHeaders.also { require(it >= 2) { "maxHeaders < 2: $it" } }
    public val window: Int = from.window.also { require(it >= 1024) { "window < 1024: $it" } }
    public val maxInFlightPerConnection: Int = from.maxInFlightPerConnection.also {
        require(it >= 1) { "maxInFlightPerConnection < 1: $it" }
    }
    public val maxInFlight: Int = from.maxInFlight.also { require(it >= 1) { "maxInFlight < 1: $it" } }
    public val maxWaiting: Int = from.maxWaiting.also { require(it >= 0) { "maxWaiting < 0: $it" } }
    public val maxQueuedBytes: Long = from.maxQueuedBytes.also {
        require(it >= 2L * maxFrame) { "maxQueuedBytes < two frames of $maxFrame bytes: $it" }
    }
    public val maxBytes: Long = from.maxBytes.also { require(it >= 1) { "maxBytes < 1: $it" } }
    public val maxRegistrations: Int = from.maxRegistrations.also { require(it >= 1) { "maxRegistrations < 1: $it" } }
    public val maxChannels: Int = from.maxChannels.also { require(it >= 1) { "maxChannels < 1: $it" } }
    public val maxRepeatable: Int = from.maxRepeatable.also { require(it >= 0) { "maxRepeatable < 0: $it" } }
    public val maxRepeats: Int = from.maxRepeats.also { require(it >= 0) { "maxRepeats < 0: $it" } }

    /** For how long a request may go on; longer ones, and those that do not say, have as long. */
    @get:JvmSynthetic
    public val maxTimeout: Duration = from.maxTimeout.also {
        require(it.isPositive() && it.isFinite()) { "maxTimeout is not a finite positive duration: $it" }
    }

    /** How long a client may take to be registered, and an admission to decide. */
    @get:JvmSynthetic
    public val helloTimeout: Duration = from.helloTimeout.also {
        require(it.isPositive() && it.isFinite()) { "helloTimeout is not a finite positive duration: $it" }
    }

    /** Silence before a client is asked whether it is there. */
    @get:JvmSynthetic
    public val pingEvery: Duration = from.pingEvery.also { require(it.isPositive()) { "pingEvery is not a positive duration: $it" } }

    /** How long it may then say nothing before it is closed. */
    @get:JvmSynthetic
    public val pingTimeout: Duration = from.pingTimeout.also {
        require(it.isPositive() && it.isFinite()) { "pingTimeout is not a finite positive duration: $it" }
    }

    public val choice: ProviderChoice = from.choice
    public val admission: BrokerAdmission = from.admission
    public val remoteStats: Boolean = from.remoteStats

    /** Who answers where, if not who is connected to this broker. */
    @RoutingApi
    public val router: Router? = from.router

    /** For Java: see `maxTimeout`. */
    @JvmName("getMaxTimeout")
    public fun maxTimeoutAsJava(): java.time.Duration = maxTimeout.toJavaDuration()

    /** For Java: see `helloTimeout`. */
    @JvmName("getHelloTimeout")
    public fun helloTimeoutAsJava(): java.time.Duration = helloTimeout.toJavaDuration()

    /** For Java: see `pingEvery`; null for never. */
    @JvmName("getPingEvery")
    public fun pingEveryAsJava(): java.time.Duration? = if (pingEvery.isInfinite()) null else pingEvery.toJavaDuration()

    /** For Java: see `pingTimeout`. */
    @JvmName("getPingTimeout")
    public fun pingTimeoutAsJava(): java.time.Duration = pingTimeout.toJavaDuration()

    override fun toString(): String = "BrokerOptions(" +
        "maxFrame=$maxFrame, maxHeaders=$maxHeaders, window=$window, " +
        "maxInFlightPerConnection=$maxInFlightPerConnection, maxInFlight=$maxInFlight, " +
        "maxWaiting=$maxWaiting, maxQueuedBytes=$maxQueuedBytes, maxBytes=$maxBytes, " +
        "maxRegistrations=$maxRegistrations, maxChannels=$maxChannels, maxRepeatable=$maxRepeatable, " +
        "maxRepeats=$maxRepeats, maxTimeout=$maxTimeout, helloTimeout=$helloTimeout, pingEvery=$pingEvery, " +
        "pingTimeout=$pingTimeout, remoteStats=$remoteStats)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [BrokerOptions.maxFrame]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxFrame: Int = 64 * 1024

        /** See [BrokerOptions.maxHeaders]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxHeaders: Int = 8 * 1024

        /** See [BrokerOptions.window]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var window: Int = 512 * 1024

        /** See [BrokerOptions.maxInFlightPerConnection]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxInFlightPerConnection: Int = 16_384

        /** See [BrokerOptions.maxInFlight]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxInFlight: Int = 65_536

        /** See [BrokerOptions.maxWaiting]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxWaiting: Int = 16_384

        /** See [BrokerOptions.maxQueuedBytes]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxQueuedBytes: Long = minOf(32L * 1024 * 1024, Runtime.getRuntime().maxMemory() / 16)

        /** See [BrokerOptions.maxBytes]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxBytes: Long = minOf(256L * 1024 * 1024, Runtime.getRuntime().maxMemory() / 4)

        /** See [BrokerOptions.maxRegistrations]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxRegistrations: Int = 64

        /** See [BrokerOptions.maxChannels]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxChannels: Int = 65_536

        /** See [BrokerOptions.maxRepeatable]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxRepeatable: Int = 64 * 1024

        /** See [BrokerOptions.maxRepeats]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxRepeats: Int = 2

        /** See [BrokerOptions.maxTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxTimeout: Duration = 1.hours

        /** See [BrokerOptions.helloTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var helloTimeout: Duration = 10.seconds

        /** See [BrokerOptions.pingEvery]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var pingEvery: Duration = 15.seconds

        /** See [BrokerOptions.pingTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var pingTimeout: Duration = 5.seconds

        /** See [BrokerOptions.choice]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var choice: ProviderChoice = ProviderChoice.leastInFlight

        /** See [BrokerOptions.admission]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var admission: BrokerAdmission = BrokerAdmission.everyone

        /** See [BrokerOptions.remoteStats]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var remoteStats: Boolean = false

        /** See [BrokerOptions.router]. */
        @RoutingApi
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var router: Router? = null

        /** See [BrokerOptions.maxFrame]. */
        public fun maxFrame(value: Int): Builder = apply { maxFrame = value }

        /** See [BrokerOptions.maxHeaders]. */
        public fun maxHeaders(value: Int): Builder = apply { maxHeaders = value }

        /** See [BrokerOptions.window]. */
        public fun window(value: Int): Builder = apply { window = value }

        /** See [BrokerOptions.maxInFlightPerConnection]. */
        public fun maxInFlightPerConnection(value: Int): Builder = apply { maxInFlightPerConnection = value }

        /** See [BrokerOptions.maxInFlight]. */
        public fun maxInFlight(value: Int): Builder = apply { maxInFlight = value }

        /** See [BrokerOptions.maxWaiting]. */
        public fun maxWaiting(value: Int): Builder = apply { maxWaiting = value }

        /** See [BrokerOptions.maxQueuedBytes]. */
        public fun maxQueuedBytes(value: Long): Builder = apply { maxQueuedBytes = value }

        /** See [BrokerOptions.maxBytes]. */
        public fun maxBytes(value: Long): Builder = apply { maxBytes = value }

        /** See [BrokerOptions.maxRegistrations]. */
        public fun maxRegistrations(value: Int): Builder = apply { maxRegistrations = value }

        /** See [BrokerOptions.maxChannels]. */
        public fun maxChannels(value: Int): Builder = apply { maxChannels = value }

        /** See [BrokerOptions.maxRepeatable]. */
        public fun maxRepeatable(value: Int): Builder = apply { maxRepeatable = value }

        /** See [BrokerOptions.maxRepeats]. */
        public fun maxRepeats(value: Int): Builder = apply { maxRepeats = value }

        /** See [BrokerOptions.maxTimeout]. */
        public fun maxTimeout(value: java.time.Duration): Builder = apply { maxTimeout = value.toKotlinDuration() }

        /** See [BrokerOptions.helloTimeout]. */
        public fun helloTimeout(value: java.time.Duration): Builder = apply { helloTimeout = value.toKotlinDuration() }

        /** See [BrokerOptions.pingEvery]; null for never. */
        public fun pingEvery(value: java.time.Duration?): Builder = apply { pingEvery = value?.toKotlinDuration() ?: Duration.INFINITE }

        /** See [BrokerOptions.pingTimeout]. */
        public fun pingTimeout(value: java.time.Duration): Builder = apply { pingTimeout = value.toKotlinDuration() }

        /** See [BrokerOptions.choice]. */
        public fun choice(value: ProviderChoice): Builder = apply { choice = value }

        /** See [BrokerOptions.admission]. */
        public fun admission(value: BrokerAdmission): Builder = apply { admission = value }

        /** See [BrokerOptions.remoteStats]. */
        public fun remoteStats(value: Boolean): Builder = apply { remoteStats = value }

        /** See [BrokerOptions.router]. */
        @RoutingApi
        public fun router(value: Router?): Builder = apply { router = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): BrokerOptions = BrokerOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): BrokerOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
