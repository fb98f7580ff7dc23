package io.hawser

import io.hawser.engine.EventLoopGroup
import io.hawser.event.EventListener
import kotlin.properties.Delegates
import kotlin.properties.ReadWriteProperty
import kotlin.reflect.KProperty0
import kotlin.reflect.KProperty1
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/**
 * What servers and clients of streams have in common: how their connections live.
 *
 * | option | default | |
 * |---|---|---|
 * | `handshakeTimeout` | 10 s | for all layers of a connection, such as TLS, together |
 * | `readTimeout` | none | how long a read waits for the next byte: [ReadTimeout], and the connection goes on |
 * | `writeTimeout` | none | how long a write waits for the peer to take another byte: [WriteTimeout], and the connection is aborted |
 * | `idleTimeout` | none | how long no byte may move in either direction: [IdleTimeout], and the connection is closed |
 * | `closeTimeout` | 1 s | how long what a layer such as TLS still has to send may take once the connection is closed, before it is cut |
 * | [readRate] | no limit | bytes per second that a connection may bring; the others wait with the peer |
 * | [writeRate] | no limit | bytes per second that a connection may take; the others wait here |
 * | [socket] | [SocketOptions]' own | what the operating system is asked for |
 * | [group] | [EventLoopGroup.shared] | the loops that accept, connect, read and write |
 * | [listeners] | none | are told of every event, like those who collect the flow of them |
 *
 * Durations are positive, and `INFINITE` (in Java: null) for none. Timeouts fire on the loop's clock, with a resolution of a
 * millisecond, and cost nothing per read or write but a look at it.
 */
public sealed class ConnectionOptions(from: Builder<*>) {
    /** For all layers of a connection together. */
    @get:JvmSynthetic
    public val handshakeTimeout: Duration = from.handshakeTimeout.also { requirePositive("handshakeTimeout", it) }

    /** How long a read waits for the next byte. */
    @get:JvmSynthetic
    public val readTimeout: Duration = from.readTimeout.also { requirePositive("readTimeout", it) }

    /** How long a write waits for the peer to take another byte. */
    @get:JvmSynthetic
    public val writeTimeout: Duration = from.writeTimeout.also { requirePositive("writeTimeout", it) }

    /**
     * How long no byte may move in either direction. A handler learns of it by its next call; one that waits elsewhere can have
     * [Connection.awaitClosed] tell it.
     */
    @get:JvmSynthetic
    public val idleTimeout: Duration = from.idleTimeout.also { requirePositive("idleTimeout", it) }

    /** How long what a layer such as TLS still has to send may take once the connection has been closed, before it is cut. */
    @get:JvmSynthetic
    public val closeTimeout: Duration = from.closeTimeout.also { requirePositive("closeTimeout", it) }

    /**
     * How many bytes per second a connection may bring, from when its layers have shaken hands, an upgrade's too, as many at once after a pause as come in a
     * tenth of a second. Reads wait for what is over it, which is no wait that [readTimeout], [writeTimeout] or [idleTimeout] counts; the peer
     * notices by its own writes. What a connection that ends still has to read is not held back, nor is one whose input a drain has ended
     * ([OnDrain.EndInput]), until the grace is over. At least 1.
     */
    public val readRate: Long = from.readRate.also { requireAtLeastOne("readRate", it) }

    /** The same as [readRate] for what is written: writes are cut in pieces that wait for their turn. At least 1. */
    public val writeRate: Long = from.writeRate.also { requireAtLeastOne("writeRate", it) }

    /** What the operating system is asked for. */
    public val socket: SocketOptions = from.socket

    /** The loops that accept, connect, read and write, or null for [EventLoopGroup.shared]. */
    public val group: EventLoopGroup? = from.group

    /** Who is told of every event. */
    public val listeners: List<EventListener> = from.listeners.toList()

    /** The names of those that somebody has set, whatever to: other defaults leave them alone. */
    internal val chosen: Set<String> = from.chosen.toSet()

    /** For Java: see `handshakeTimeout`. */
    @JvmName("getHandshakeTimeout")
    public fun handshakeTimeoutAsJava(): java.time.Duration? = handshakeTimeout.orNull()

    /** For Java: see `readTimeout`. */
    @JvmName("getReadTimeout")
    public fun readTimeoutAsJava(): java.time.Duration? = readTimeout.orNull()

    /** For Java: see `writeTimeout`. */
    @JvmName("getWriteTimeout")
    public fun writeTimeoutAsJava(): java.time.Duration? = writeTimeout.orNull()

    /** For Java: see `idleTimeout`. */
    @JvmName("getIdleTimeout")
    public fun idleTimeoutAsJava(): java.time.Duration? = idleTimeout.orNull()

    /** For Java: see `closeTimeout`. */
    @JvmName("getCloseTimeout")
    public fun closeTimeoutAsJava(): java.time.Duration? = closeTimeout.orNull()

    /** The value of [option] of these options if somebody has set it, and else [default]. */
    internal fun <T> chosenOr(default: T, option: KProperty0<T>): T = if (option.name in chosen) option.get() else default

    /** The names of those that a server goes by from its start, and that are others in [other]. */
    internal fun startOnly(other: ConnectionOptions): List<String> =
        listOf(ConnectionOptions::socket, ConnectionOptions::group, ConnectionOptions::listeners).namesWhereDiffer(this, other)

    internal fun describe(): String = "handshakeTimeout=$handshakeTimeout, readTimeout=$readTimeout, writeTimeout=$writeTimeout, " +
        "idleTimeout=$idleTimeout, closeTimeout=$closeTimeout, readRate=$readRate, writeRate=$writeRate, socket=$socket, group=${group ?: "shared"}, listeners=$listeners"

    /** Collects options. Not for use by several threads at once. */
    public sealed class Builder<B : Builder<B>> {
        /** See [ConnectionOptions.handshakeTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var handshakeTimeout: Duration by option(10.seconds)

        /** See [ConnectionOptions.readTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var readTimeout: Duration = Duration.INFINITE

        /** See [ConnectionOptions.writeTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var writeTimeout: Duration by option(Duration.INFINITE)

        /** See [ConnectionOptions.idleTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var idleTimeout: Duration = Duration.INFINITE

        /** See [ConnectionOptions.closeTimeout]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var closeTimeout: Duration = Terms.CLOSE_TIMEOUT

        /** See [ConnectionOptions.readRate]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var readRate: Long = Long.MAX_VALUE

        /** See [ConnectionOptions.writeRate]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var writeRate: Long = Long.MAX_VALUE

        /** See [ConnectionOptions.socket]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var socket: SocketOptions = SocketOptions()

        /** See [ConnectionOptions.group]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var group: EventLoopGroup? = null

        internal val listeners = mutableListOf<EventListener>()

        internal val chosen = mutableSetOf<String>()

        /** This builder as what it is. */
        protected abstract val self: B

        /** Begins with what [options] say. */
        internal fun beginWith(options: ConnectionOptions) {
            handshakeTimeout = options.handshakeTimeout
            readTimeout = options.readTimeout
            writeTimeout = options.writeTimeout
            idleTimeout = options.idleTimeout
            closeTimeout = options.closeTimeout
            readRate = options.readRate
            writeRate = options.writeRate
            socket = options.socket
            group = options.group
            listeners += options.listeners
            chosen.clear()
            chosen += options.chosen
        }

        /** An option that notes whether it has been set. */
        internal fun <T> option(default: T): ReadWriteProperty<Any?, T> =
            Delegates.observable(default) { option, _, _ -> chosen += option.name }

        /** See [ConnectionOptions.handshakeTimeout]; null for none. */
        public fun handshakeTimeout(value: java.time.Duration?): B = self.apply { handshakeTimeout = value.orInfinite() }

        /** See [ConnectionOptions.readTimeout]; null for none. */
        public fun readTimeout(value: java.time.Duration?): B = self.apply { readTimeout = value.orInfinite() }

        /** See [ConnectionOptions.writeTimeout]; null for none. */
        public fun writeTimeout(value: java.time.Duration?): B = self.apply { writeTimeout = value.orInfinite() }

        /** See [ConnectionOptions.idleTimeout]; null for none. */
        public fun idleTimeout(value: java.time.Duration?): B = self.apply { idleTimeout = value.orInfinite() }

        /** See [ConnectionOptions.closeTimeout]; null for none. */
        public fun closeTimeout(value: java.time.Duration?): B = self.apply { closeTimeout = value.orInfinite() }

        /** See [ConnectionOptions.readRate]. */
        public fun readRate(value: Long): B = self.apply { readRate = value }

        /** See [ConnectionOptions.writeRate]. */
        public fun writeRate(value: Long): B = self.apply { writeRate = value }

        /** See [ConnectionOptions.socket]. */
        public fun socket(value: SocketOptions): B = self.apply { socket = value }

        /** What the operating system is asked for, in a block of its own. */
        @JvmSynthetic
        public fun socket(block: SocketOptions.Builder.() -> Unit) {
            socket = SocketOptions(block)
        }

        /** See [ConnectionOptions.group]. */
        public fun group(value: EventLoopGroup): B = self.apply { group = value }

        /** Adds [listener]: it is told of every event, those of the beginning too, which come before anybody can collect them. */
        public fun onEvent(listener: EventListener): B = self.apply { listeners += listener }
    }
}

internal fun requirePositive(name: String, value: Duration) = require(value.isPositive()) { "$name is not positive: $value" }

internal fun requireAtLeastOne(name: String, value: Int) = requireAtLeastOne(name, value.toLong())

internal fun requireAtLeastOne(name: String, value: Long) = require(value >= 1) { "$name < 1: $value" }

/** The names of those of these properties that [one] and [other] differ in. */
internal fun <T> List<KProperty1<T, *>>.namesWhereDiffer(one: T, other: T): List<String> =
    filter { it.get(one) != it.get(other) }.map { it.name }

internal fun java.time.Duration?.orInfinite(): Duration = this?.toKotlinDuration() ?: Duration.INFINITE

internal fun Duration.orNull(): java.time.Duration? = if (isInfinite()) null else toJavaDuration()
