package io.hawser

import java.io.IOException
import java.net.NetworkInterface
import java.net.ProtocolFamily
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6
import java.nio.channels.NetworkChannel
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration

/** Sees a socket's NIO channel at one moment of its life, to set what [SocketOptions] has no name for. */
public fun interface ChannelHook {
    /**
     * Runs on an event loop, so it must not block. What it throws fails the `start`, the `connect` or the accepted connection, and
     * closes [channel]; otherwise the channel is only lent.
     */
    @Throws(IOException::class)
    public fun configure(channel: NetworkChannel)
}

/**
 * What the operating system is asked for a socket. Immutable: `SocketOptions { keepAlive = true }` in Kotlin,
 * `SocketOptions.builder().keepAlive(true).build()` in Java. A server's go to its listener and to what that accepts. One that is asked for
 * and that a kind of socket has not got fails the `start`, the `connect` or the accepted connection by its name.
 *
 * | option | default | |
 * |---|---|---|
 * | [noDelay] | on | small writes leave at once (`TCP_NODELAY`); ignored where there is no such thing |
 * | [keepAlive] | off | the system probes a silent peer (`SO_KEEPALIVE`) |
 * | `keepAliveIdle` | the system's | silence before the first probe, in whole seconds (`TCP_KEEPIDLE`) |
 * | `keepAliveInterval` | the system's | between two probes, in whole seconds (`TCP_KEEPINTVL`) |
 * | [keepAliveCount] | the system's | probes without an answer until the connection is lost (`TCP_KEEPCNT`) |
 * | `linger` | the system's | zero: a close resets, and what was not delivered is lost (`SO_LINGER`) |
 * | [receiveBuffer] | the system's | bytes the kernel holds for us to read (`SO_RCVBUF`) |
 * | [sendBuffer] | the system's | bytes the kernel holds for the peer to take (`SO_SNDBUF`) |
 * | [reuseAddress] | on | of listeners: a server may have the address of one that has just ended (`SO_REUSEADDR`); ignored where there is no such thing |
 * | [reusePort] | off | of servers: several may share one address, and the kernel its clients among them (`SO_REUSEPORT`) |
 * | [broadcast] | off | of UDP: datagrams may be sent to broadcast addresses (`SO_BROADCAST`) |
 * | [multicastInterface] | the system's | of UDP: where datagrams for groups leave (`IP_MULTICAST_IF`) |
 * | [multicastTimeToLive] | 1 | of UDP: how many hops they go, 0 for none (`IP_MULTICAST_TTL`) |
 * | [multicastLoopback] | on | of UDP: whether members on this machine get them too (`IP_MULTICAST_LOOP`) |
 * | [family] | both | `INET` for IPv4 only (`tcp4`), `INET6` for IPv6 only (`tcp6`) |
 * | [beforeBind], [beforeConnect], [afterAccept] | none | see the NIO channel at that moment, after the options above |
 */
public class SocketOptions private constructor(from: Builder) {
    public val noDelay: Boolean = from.noDelay
    public val keepAlive: Boolean = from.keepAlive

    /** Silence before the first probe, or null for the system's. */
    @get:JvmSynthetic
    public val keepAliveIdle: Duration? = from.keepAliveIdle?.also { requireSeconds("keepAliveIdle", it) }

    /** Between two probes, or null for the system's. */
    @get:JvmSynthetic
    public val keepAliveInterval: Duration? = from.keepAliveInterval?.also { requireSeconds("keepAliveInterval", it) }

    /** Probes without an answer until the connection is lost, at least 1, or null for the system's. */
    public val keepAliveCount: Int? = from.keepAliveCount?.also { require(it >= 1) { "keepAliveCount < 1: $it" } }

    /** Zero for closes that reset, or null. A close that waits for the peer would hold up an event loop, so there is nothing else. */
    @get:JvmSynthetic
    public val linger: Duration? = from.linger?.also {
        require(it == Duration.ZERO) {
            "linger is neither null nor zero: $it (to wait for the peer, call shutdownOutput() and read until its end)"
        }
    }

    /** In bytes, at least 1, or null for the system's. */
    public val receiveBuffer: Int? = from.receiveBuffer?.also { require(it >= 1) { "receiveBuffer < 1: $it" } }

    /** In bytes, at least 1, or null for the system's. */
    public val sendBuffer: Int? = from.sendBuffer?.also { require(it >= 1) { "sendBuffer < 1: $it" } }
    public val reuseAddress: Boolean = from.reuseAddress
    public val reusePort: Boolean = from.reusePort
    public val broadcast: Boolean = from.broadcast

    /** Where datagrams for groups leave, or null for the system's choice. */
    public val multicastInterface: NetworkInterface? = from.multicastInterface

    /** How many hops datagrams for groups go, in 0..255, or null for the system's, which is 1. */
    public val multicastTimeToLive: Int? = from.multicastTimeToLive?.also {
        require(it in 0..MAX_TIME_TO_LIVE) { "multicastTimeToLive is not in 0..$MAX_TIME_TO_LIVE: $it" }
    }

    /** Whether members on this machine get datagrams for groups too, or null for the system's, which is true. */
    public val multicastLoopback: Boolean? = from.multicastLoopback

    /** `INET`, `INET6`, or null for both. */
    public val family: ProtocolFamily? = from.family?.also {
        require(it == INET || it == INET6) { "family is neither INET nor INET6: ${it.name()}" }
    }

    /** Sees a server's channel before it is bound. */
    public val beforeBind: ChannelHook? = from.beforeBind

    /** Sees a client's channel before it connects, once per address tried. */
    public val beforeConnect: ChannelHook? = from.beforeConnect

    /** Sees each accepted channel before anything is read or written. */
    public val afterAccept: ChannelHook? = from.afterAccept

    /** Whether [keepAlive] is as somebody has set it, and not as nobody has. */
    internal val keepAliveIsChosen: Boolean = from.keepAliveIsChosen

    init {
        require(keepAlive || (keepAliveIdle ?: keepAliveInterval ?: keepAliveCount) == null) {
            "keepAlive is off, but has timers: keepAliveIdle=$keepAliveIdle, keepAliveInterval=$keepAliveInterval, " +
                "keepAliveCount=$keepAliveCount"
        }
    }

    /** For Java: see `keepAliveIdle`. */
    @JvmName("getKeepAliveIdle")
    public fun keepAliveIdleAsJava(): java.time.Duration? = keepAliveIdle?.toJavaDuration()

    /** For Java: see `keepAliveInterval`. */
    @JvmName("getKeepAliveInterval")
    public fun keepAliveIntervalAsJava(): java.time.Duration? = keepAliveInterval?.toJavaDuration()

    /** For Java: see `linger`. */
    @JvmName("getLinger")
    public fun lingerAsJava(): java.time.Duration? = linger?.toJavaDuration()

    /** A builder that begins with these options. */
    public fun toBuilder(): Builder = Builder().also {
        it.noDelay = noDelay
        it.keepAlive = keepAlive
        it.keepAliveIsChosen = keepAliveIsChosen
        it.keepAliveIdle = keepAliveIdle
        it.keepAliveInterval = keepAliveInterval
        it.keepAliveCount = keepAliveCount
        it.linger = linger
        it.receiveBuffer = receiveBuffer
        it.sendBuffer = sendBuffer
        it.reuseAddress = reuseAddress
        it.reusePort = reusePort
        it.broadcast = broadcast
        it.multicastInterface = multicastInterface
        it.multicastTimeToLive = multicastTimeToLive
        it.multicastLoopback = multicastLoopback
        it.family = family
        it.beforeBind = beforeBind
        it.beforeConnect = beforeConnect
        it.afterAccept = afterAccept
    }

    override fun equals(other: Any?): Boolean = other is SocketOptions && options.all { it.get(this) == it.get(other) }

    override fun hashCode(): Int = options.map { it.get(this) }.hashCode()

    override fun toString(): String = "SocketOptions(noDelay=$noDelay, keepAlive=$keepAlive, keepAliveIdle=$keepAliveIdle, " +
        "keepAliveInterval=$keepAliveInterval, keepAliveCount=$keepAliveCount, linger=$linger, receiveBuffer=$receiveBuffer, " +
        "sendBuffer=$sendBuffer, reuseAddress=$reuseAddress, reusePort=$reusePort, broadcast=$broadcast, " +
        "multicastInterface=${multicastInterface?.name}, multicastTimeToLive=$multicastTimeToLive, " +
        "multicastLoopback=$multicastLoopback, family=$family, beforeBind=$beforeBind, " +
        "beforeConnect=$beforeConnect, afterAccept=$afterAccept)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [SocketOptions.noDelay]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var noDelay: Boolean = true

        /** See [SocketOptions.keepAlive]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var keepAlive: Boolean = false
            set(value) {
                field = value
                keepAliveIsChosen = true
            }

        internal var keepAliveIsChosen: Boolean = false

        /** See [SocketOptions.keepAliveIdle]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var keepAliveIdle: Duration? = null

        /** See [SocketOptions.keepAliveInterval]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var keepAliveInterval: Duration? = null

        /** See [SocketOptions.keepAliveCount]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var keepAliveCount: Int? = null

        /** See [SocketOptions.linger]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var linger: Duration? = null

        /** See [SocketOptions.receiveBuffer]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var receiveBuffer: Int? = null

        /** See [SocketOptions.sendBuffer]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var sendBuffer: Int? = null

        /** See [SocketOptions.reuseAddress]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var reuseAddress: Boolean = true

        /** See [SocketOptions.reusePort]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var reusePort: Boolean = false

        /** See [SocketOptions.broadcast]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var broadcast: Boolean = false

        /** See [SocketOptions.multicastInterface]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var multicastInterface: NetworkInterface? = null

        /** See [SocketOptions.multicastTimeToLive]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var multicastTimeToLive: Int? = null

        /** See [SocketOptions.multicastLoopback]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var multicastLoopback: Boolean? = null

        /** See [SocketOptions.family]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var family: ProtocolFamily? = null

        internal var beforeBind: ChannelHook? = null
        internal var beforeConnect: ChannelHook? = null
        internal var afterAccept: ChannelHook? = null

        /** See [SocketOptions.noDelay]. */
        public fun noDelay(value: Boolean): Builder = apply { noDelay = value }

        /** See [SocketOptions.keepAlive]. */
        public fun keepAlive(value: Boolean): Builder = apply { keepAlive = value }

        /** See [SocketOptions.keepAliveIdle]. */
        public fun keepAliveIdle(value: java.time.Duration?): Builder = apply { keepAliveIdle = value?.toKotlinDuration() }

        /** See [SocketOptions.keepAliveInterval]. */
        public fun keepAliveInterval(value: java.time.Duration?): Builder = apply { keepAliveInterval = value?.toKotlinDuration() }

        /** See [SocketOptions.keepAliveCount]. */
        public fun keepAliveCount(value: Int?): Builder = apply { keepAliveCount = value }

        /** See [SocketOptions.linger]. */
        public fun linger(value: java.time.Duration?): Builder = apply { linger = value?.toKotlinDuration() }

        /** See [SocketOptions.receiveBuffer]. */
        public fun receiveBuffer(value: Int?): Builder = apply { receiveBuffer = value }

        /** See [SocketOptions.sendBuffer]. */
        public fun sendBuffer(value: Int?): Builder = apply { sendBuffer = value }

        /** See [SocketOptions.reuseAddress]. */
        public fun reuseAddress(value: Boolean): Builder = apply { reuseAddress = value }

        /** See [SocketOptions.reusePort]. */
        public fun reusePort(value: Boolean): Builder = apply { reusePort = value }

        /** See [SocketOptions.broadcast]. */
        public fun broadcast(value: Boolean): Builder = apply { broadcast = value }

        /** See [SocketOptions.multicastInterface]. */
        public fun multicastInterface(value: NetworkInterface?): Builder = apply { multicastInterface = value }

        /** See [SocketOptions.multicastTimeToLive]. */
        public fun multicastTimeToLive(value: Int?): Builder = apply { multicastTimeToLive = value }

        /** See [SocketOptions.multicastLoopback]. */
        public fun multicastLoopback(value: Boolean?): Builder = apply { multicastLoopback = value }

        /** See [SocketOptions.family]. */
        public fun family(value: ProtocolFamily?): Builder = apply { family = value }

        /** Has [hook] see a server's channel before it is bound. */
        public fun beforeBind(hook: ChannelHook): Builder = apply { beforeBind = hook }

        /** Has [hook] see a client's channel before it connects, once per address tried. */
        public fun beforeConnect(hook: ChannelHook): Builder = apply { beforeConnect = hook }

        /** Has [hook] see each accepted channel before anything is read or written. */
        public fun afterAccept(hook: ChannelHook): Builder = apply { afterAccept = hook }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): SocketOptions = SocketOptions(this)
    }

    public companion object {
        private val options = listOf(
            SocketOptions::noDelay,
            SocketOptions::keepAlive,
            SocketOptions::keepAliveIdle,
            SocketOptions::keepAliveInterval,
            SocketOptions::keepAliveCount,
            SocketOptions::linger,
            SocketOptions::receiveBuffer,
            SocketOptions::sendBuffer,
            SocketOptions::reuseAddress,
            SocketOptions::reusePort,
            SocketOptions::broadcast,
            SocketOptions::multicastInterface,
            SocketOptions::multicastTimeToLive,
            SocketOptions::multicastLoopback,
            SocketOptions::family,
            SocketOptions::beforeBind,
            SocketOptions::beforeConnect,
            SocketOptions::afterAccept,
        )

        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): SocketOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        private const val MAX_TIME_TO_LIVE = 255

        private fun requireSeconds(name: String, value: Duration) {
            require(value.inWholeSeconds in 1..Short.MAX_VALUE && value == value.inWholeSeconds.seconds) {
                "$name is not a whole number of seconds from 1 to ${Short.MAX_VALUE}: $value"
            }
        }
    }
}
