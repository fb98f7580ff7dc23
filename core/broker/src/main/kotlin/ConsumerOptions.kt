package io.hawser.broker

import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/**
 * How a [Consumer] stays at its broker and how it asks. Immutable: `ConsumerOptions { timeout = 1.seconds }` in Kotlin,
 * `ConsumerOptions.builder().timeout(Duration.ofSeconds(1)).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [link] | its defaults | how it connects again |
 * | `token` | empty | what it shows the broker's admission, up to 4 096 bytes |
 * | `timeout` | 5 s | of requests that have none of their own; infinite for as long as the broker allows |
 * | [waitForProvider] | no | whether the broker is to wait for a provider, as long as the request may take, while there is none |
 * | [idempotent] | no | whether requests that do not say so may be run twice: then they are asked again when a provider is lost |
 * | [retry] | never | what is done about a request that failed, where it may be asked again |
 * | `attemptTimeout` | infinite | how long one attempt may take, of all that the request may |
 * | [maxReply] | 16 MiB | the longest reply in bytes that is collected |
 * | `helloTimeout` | 15 s | how long the broker may take to register it: longer than its admission, which has 10 s there |
 * | `pingEvery` | 15 s | silence before it asks the broker whether it is there; infinite for never |
 * | `pingTimeout` | 5 s | how long the broker may take to say anything then, before it connects again |
 *
 * A request is asked again if no handler can have begun with it, or if it is idempotent; if its body can be sent again; if nothing of a
 * reply has been handed out; and if what [retry] says is over before its timeout. What a provider said, a [RequestFailed], is an answer,
 * and never asked again, and nor is a reply that is too long. A broker that shuts down has not begun: what it does not take any more is asked again
 * by the next connection, whatever [retry] says.
 */
public class ConsumerOptions private constructor(from: Builder) {
    public val link: LinkOptions = from.link
    internal val token: ByteArray = requireToken(from.token)

    /** Of requests that have none of their own. */
    @get:JvmSynthetic
    public val timeout: Duration = from.timeout.also { requirePositive("timeout", it) }
    public val waitForProvider: Boolean = from.waitForProvider
    public val idempotent: Boolean = from.idempotent
    public val retry: Backoff = from.retry

    /** How long one attempt may take. */
    @get:JvmSynthetic
    public val attemptTimeout: Duration = from.attemptTimeout.also { requirePositive("attemptTimeout", it) }
    internal val observer: RequestObserver? = from.observer
    public val maxReply: Int = from.maxReply.also { require(it >= 0) { "maxReply < 0: $it" } }

    /** How long the broker may take to register it. */
    @get:JvmSynthetic
    public val helloTimeout: Duration = from.helloTimeout.also { requirePositive("helloTimeout", it) }

    /** Silence before it asks the broker whether it is there. */
    @get:JvmSynthetic
    public val pingEvery: Duration = from.pingEvery.also { requirePositive("pingEvery", it) }

    /** How long the broker may take to say anything then. */
    @get:JvmSynthetic
    public val pingTimeout: Duration = from.pingTimeout.also { requirePositive("pingTimeout", it) }

    /** For Java: see `timeout`; null for none. */
    @JvmName("getTimeout")
    public fun timeoutAsJava(): java.time.Duration? = timeout.orNull()

    /** For Java: see `attemptTimeout`; null for none. */
    @JvmName("getAttemptTimeout")
    public fun attemptTimeoutAsJava(): java.time.Duration? = attemptTimeout.orNull()

    /** For Java: see `helloTimeout`. */
    @JvmName("getHelloTimeout")
    public fun helloTimeoutAsJava(): java.time.Duration = helloTimeout.toJavaDuration()

    /** For Java: see `pingEvery`; null for never. */
    @JvmName("getPingEvery")
    public fun pingEveryAsJava(): java.time.Duration? = pingEvery.orNull()

    /** For Java: see `pingTimeout`. */
    @JvmName("getPingTimeout")
    public fun pingTimeoutAsJava(): java.time.Duration = pingTimeout.toJavaDuration()

    override fun toString(): String = "ConsumerOptions(link=$link, timeout=$timeout, waitForProvider=$waitForProvider, " +
        "idempotent=$idempotent, attemptTimeout=$attemptTimeout, maxReply=$maxReply, helloTimeout=$helloTimeout, pingEvery=$pingEvery, " +
        "pingTimeout=$pingTimeout, observer=$observer)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [ConsumerOptions.link]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var link: LinkOptions = LinkOptions()

        /** See [ConsumerOptions]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var token: ByteArray = ByteArray(0)

        /** See [ConsumerOptions.timeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var timeout: Duration = 5.seconds

        /** See [ConsumerOptions.waitForProvider]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var waitForProvider: Boolean = false

        /** See [ConsumerOptions.idempotent]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var idempotent: Boolean = false

        /** See [ConsumerOptions.retry]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var retry: Backoff = Backoff.never

        /** See [ConsumerOptions.attemptTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var attemptTimeout: Duration = Duration.INFINITE

        /** See [ConsumerOptions.maxReply]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxReply: Int = 16 * 1024 * 1024

        /** See [ConsumerOptions.helloTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var helloTimeout: Duration = 15.seconds

        /** See [ConsumerOptions.pingEvery]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var pingEvery: Duration = 15.seconds

        /** See [ConsumerOptions.pingTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var pingTimeout: Duration = 5.seconds

        internal var observer: RequestObserver? = null

        /**
         * Has [value] see each request. Costs nothing where there is none.
         *
         * @throws IllegalArgumentException if there is one already.
         */
        public fun observer(value: RequestObserver): Builder = apply {
            require(observer == null) { "observer has been set already: $observer" }
            observer = value
        }

        /** See [ConsumerOptions.link]. */
        public fun link(value: LinkOptions): Builder = apply { link = value }

        /** See [ConsumerOptions]. */
        public fun token(value: ByteArray): Builder = apply { token = value }

        /** A token that is a text: its UTF-8. */
        public fun token(value: String): Builder = token(value.encodeToByteArray())

        /** See [ConsumerOptions.timeout]; null for none. */
        public fun timeout(value: java.time.Duration?): Builder = apply { timeout = value.orInfinite() }

        /** See [ConsumerOptions.waitForProvider]. */
        public fun waitForProvider(value: Boolean): Builder = apply { waitForProvider = value }

        /** See [ConsumerOptions.idempotent]. */
        public fun idempotent(value: Boolean): Builder = apply { idempotent = value }

        /** See [ConsumerOptions.retry]. */
        public fun retry(value: Backoff): Builder = apply { retry = value }

        /** See [ConsumerOptions.attemptTimeout]; null for none. */
        public fun attemptTimeout(value: java.time.Duration?): Builder = apply { attemptTimeout = value.orInfinite() }

        /** See [ConsumerOptions.maxReply]. */
        public fun maxReply(value: Int): Builder = apply { maxReply = value }

        /** See [ConsumerOptions.helloTimeout]. */
        public fun helloTimeout(value: java.time.Duration): Builder = apply { helloTimeout = value.toKotlinDuration() }

        /** See [ConsumerOptions.pingEvery]; null for never. */
        public fun pingEvery(value: java.time.Duration?): Builder = apply { pingEvery = value.orInfinite() }

        /** See [ConsumerOptions.pingTimeout]. */
        public fun pingTimeout(value: java.time.Duration): Builder = apply { pingTimeout = value.toKotlinDuration() }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): ConsumerOptions = ConsumerOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): ConsumerOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
