package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.KotlinOnly
import io.hawser.SocketOptions
import io.hawser.orInfinite
import io.hawser.orNull
import io.hawser.requirePositive
import io.hawser.transport.TransportApi
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/**
 * How a [ReconnectingClient] connects again. Immutable: `LinkOptions { resetAfter = 1.seconds }` in Kotlin,
 * `LinkOptions.builder().resetAfter(Duration.ofSeconds(1)).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [backoff] | 100 ms, doubling up to 30 s, jittered | how long to wait after failures, the end of a session among them |
 * | `resetAfter` | 10 s | a session that lasted as long makes failures count from one again |
 * | `dialTimeout` | 2 s | in place of the default of `ClientOptions.connectTimeout` |
 * | `handshakeTimeout` | 2 s | in place of the default of `ClientOptions.handshakeTimeout`; the hooks that get a connection have as long |
 * | `writeTimeout` | 2 s | in place of the default of `ClientOptions.writeTimeout` |
 * | `keepAliveIdle` | 5 s | of TCP, in place of the defaults of [SocketOptions]; null to leave those |
 * | [outbox] | none | what is kept of what is sent while nobody is connected |
 *
 * A value that the client's own options set, whatever to, is never replaced. Sessions' reads have no timeout but the client's.
 *
 * In each cycle the hooks come in this order, each when the one before has returned:
 *
 * | hook | gets | when it fails |
 * |---|---|---|
 * | `onSocket` | the socket options of this attempt, to change | the attempt has failed |
 * | `onConnect` | the connection, to shake hands with | the attempt has failed, and the connection is closed |
 * | the session | the connection | the connection is closed |
 * | `onDisconnect` | the connection, closed already | as if the session had failed so, if it did not itself; an event in any case |
 * | `onError` | what failed, unless nothing did | the link stops |
 *
 * `onDisconnect` runs after each session, also when the link is stopped, which waits for it, for 10 s at most. A [DoNotReconnect] from any
 * of them stops the link, and so does a transport that this platform has not got, once every client has failed so and `onError` agrees.
 */
public class LinkOptions private constructor(from: Builder) {
    /** How long to wait after failures. */
    public val backoff: Backoff = from.backoff

    /** How long a session has to last so that its end counts as the first failure in a row; zero for however short. */
    @get:JvmSynthetic
    public val resetAfter: Duration = from.resetAfter.also { require(!it.isNegative()) { "resetAfter is negative: $it" } }

    /** In place of the default of `ClientOptions.connectTimeout`. */
    @get:JvmSynthetic
    public val dialTimeout: Duration = from.dialTimeout.also { requirePositive("dialTimeout", it) }

    /** In place of the default of `ClientOptions.handshakeTimeout`. */
    @get:JvmSynthetic
    public val handshakeTimeout: Duration = from.handshakeTimeout.also { requirePositive("handshakeTimeout", it) }

    /** In place of the default of `ClientOptions.writeTimeout`. */
    @get:JvmSynthetic
    public val writeTimeout: Duration = from.writeTimeout.also { requirePositive("writeTimeout", it) }

    /** Silence before TCP's first probe, in whole seconds, or null for what the client's options say. */
    @get:JvmSynthetic
    public val keepAliveIdle: Duration? = from.keepAliveIdle?.also { idle ->
        SocketOptions {
            keepAlive = true
            keepAliveIdle = idle
        }
    }

    /** What is kept of what is sent while nobody is connected, or null for nothing. */
    public val outbox: OutboxOptions? = from.outbox

    internal val onSocket: suspend (SocketOptions.Builder) -> Unit = from.onSocket
    internal val onConnect: suspend (Connection) -> Unit = from.onConnect
    internal val greet: suspend (Connection) -> Unit = from.greet
    internal val onDisconnect: suspend (Connection) -> Unit = from.onDisconnect
    internal val onError: suspend (Throwable) -> Decision = from.onError

    /** For Java: see `resetAfter`. */
    @JvmName("getResetAfter")
    public fun resetAfterAsJava(): java.time.Duration? = resetAfter.orNull()

    /** For Java: see `dialTimeout`. */
    @JvmName("getDialTimeout")
    public fun dialTimeoutAsJava(): java.time.Duration? = dialTimeout.orNull()

    /** For Java: see `handshakeTimeout`. */
    @JvmName("getHandshakeTimeout")
    public fun handshakeTimeoutAsJava(): java.time.Duration? = handshakeTimeout.orNull()

    /** For Java: see `writeTimeout`. */
    @JvmName("getWriteTimeout")
    public fun writeTimeoutAsJava(): java.time.Duration? = writeTimeout.orNull()

    /** For Java: see `keepAliveIdle`. */
    @JvmName("getKeepAliveIdle")
    public fun keepAliveIdleAsJava(): java.time.Duration? = keepAliveIdle?.toJavaDuration()

    /** A builder that begins with these options, hooks included. */
    public fun toBuilder(): Builder = Builder().also {
        it.backoff = backoff
        it.resetAfter = resetAfter
        it.dialTimeout = dialTimeout
        it.handshakeTimeout = handshakeTimeout
        it.writeTimeout = writeTimeout
        it.keepAliveIdle = keepAliveIdle
        it.outbox = outbox
        it.onSocket = onSocket
        it.onConnect = onConnect
        it.greet = greet
        it.onDisconnect = onDisconnect
        it.onError = onError
    }

    /** These, with [greet] behind `onConnect`, which bounds itself and fails as that does: for what makes a protocol of a link. */
    @TransportApi
    @KotlinOnly
    public fun greeting(greet: suspend (Connection) -> Unit): LinkOptions = toBuilder().also { it.greet = greet }.build()

    override fun toString(): String = "LinkOptions(resetAfter=$resetAfter, dialTimeout=$dialTimeout, handshakeTimeout=$handshakeTimeout, " +
        "writeTimeout=$writeTimeout, keepAliveIdle=$keepAliveIdle, outbox=$outbox)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [LinkOptions.backoff]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var backoff: Backoff = Backoff.exponential(100.milliseconds, ceiling = 30.seconds).jittered()

        /** See [LinkOptions.resetAfter]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var resetAfter: Duration = 10.seconds

        /** See [LinkOptions.dialTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var dialTimeout: Duration = 2.seconds

        /** See [LinkOptions.handshakeTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var handshakeTimeout: Duration = 2.seconds

        /** See [LinkOptions.writeTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var writeTimeout: Duration = 2.seconds

        /** See [LinkOptions.keepAliveIdle]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var keepAliveIdle: Duration? = 5.seconds

        /** See [LinkOptions.outbox]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var outbox: OutboxOptions? = null

        internal var onSocket: suspend (SocketOptions.Builder) -> Unit = {}
        internal var onConnect: suspend (Connection) -> Unit = {}
        internal var greet: suspend (Connection) -> Unit = {}
        internal var onDisconnect: suspend (Connection) -> Unit = {}
        internal var onError: suspend (Throwable) -> Decision = { Decision.Retry }

        /** What is kept of what is sent while nobody is connected, in a block of its own. */
        @JvmSynthetic
        public fun outbox(block: OutboxOptions.Builder.() -> Unit) {
            outbox = OutboxOptions(block)
        }

        /** Has [hook] change the socket options before each attempt; they begin as the client's. */
        @KotlinOnly
        public fun onSocket(hook: suspend (SocketOptions.Builder) -> Unit): Builder = apply { onSocket = hook }

        /** Has [hook] shake hands on each new connection, which it does not keep, before anybody else has it. */
        @KotlinOnly
        public fun onConnect(hook: suspend (Connection) -> Unit): Builder = apply { onConnect = hook }

        /** Has [hook] see each connection that a session had, once it is closed. */
        @KotlinOnly
        public fun onDisconnect(hook: suspend (Connection) -> Unit): Builder = apply { onDisconnect = hook }

        /** Has [hook] decide what to do about each failure of an attempt, a session, or a hook. Nobody asks it about a cancellation. */
        @KotlinOnly
        public fun onError(hook: suspend (Throwable) -> Decision): Builder = apply { onError = hook }

        /** See [LinkOptions.backoff]. */
        public fun backoff(value: Backoff): Builder = apply { backoff = value }

        /** See [LinkOptions.resetAfter]; null for never. */
        public fun resetAfter(value: java.time.Duration?): Builder = apply { resetAfter = value.orInfinite() }

        /** See [LinkOptions.dialTimeout]; null for none. */
        public fun dialTimeout(value: java.time.Duration?): Builder = apply { dialTimeout = value.orInfinite() }

        /** See [LinkOptions.handshakeTimeout]; null for none. */
        public fun handshakeTimeout(value: java.time.Duration?): Builder = apply { handshakeTimeout = value.orInfinite() }

        /** See [LinkOptions.writeTimeout]; null for none. */
        public fun writeTimeout(value: java.time.Duration?): Builder = apply { writeTimeout = value.orInfinite() }

        /** See [LinkOptions.keepAliveIdle]; null to leave the client's. */
        public fun keepAliveIdle(value: java.time.Duration?): Builder = apply { keepAliveIdle = value?.toKotlinDuration() }

        /** See [LinkOptions.outbox]; null for none. */
        public fun outbox(value: OutboxOptions?): Builder = apply { outbox = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): LinkOptions = LinkOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): LinkOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()
    }
}
