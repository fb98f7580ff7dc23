package io.hawser

import io.hawser.engine.EventLoopGroup
import io.hawser.event.EventListener

/**
 * What servers and clients of datagrams have in common.
 *
 * | option | default | |
 * |---|---|---|
 * | [maxDatagramSize] | 65 535 | the most bytes of a datagram that are received; what is longer is cut, and says so |
 * | [socket] | [SocketOptions]' own | what the operating system is asked for |
 * | [group] | [EventLoopGroup.shared] | the loops that send and receive |
 * | [listeners] | none | are told of every event, like those who collect the flow of them |
 */
public sealed class DatagramOptions(from: Builder<*>) {
    /** The most bytes of a datagram that are received. At least 1, at most 16 MiB. */
    public val maxDatagramSize: Int = from.maxDatagramSize.also {
        require(it in 1..LARGEST) { "maxDatagramSize is not in 1..$LARGEST: $it" }
    }

    /** What the operating system is asked for. */
    public val socket: SocketOptions = from.socket

    /** The loops that send and receive, or null for [EventLoopGroup.shared]. */
    public val group: EventLoopGroup? = from.group

    /** Who is told of every event. */
    public val listeners: List<EventListener> = from.listeners.toList()

    /** The names of those that a server goes by from its start, and that are others in [other]. */
    internal fun startOnly(other: DatagramOptions): List<String> = listOf(
        DatagramOptions::maxDatagramSize,
        DatagramOptions::socket,
        DatagramOptions::group,
        DatagramOptions::listeners,
    ).namesWhereDiffer(this, other)

    internal fun describe(): String =
        "maxDatagramSize=$maxDatagramSize, socket=$socket, group=${group ?: "shared"}, listeners=$listeners"

    /** Collects options. Not for use by several threads at once. */
    public sealed class Builder<B : Builder<B>> {
        /** See [DatagramOptions.maxDatagramSize]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var maxDatagramSize: Int = 65_535

        /** See [DatagramOptions.socket]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var socket: SocketOptions = SocketOptions()

        /** See [DatagramOptions.group]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var group: EventLoopGroup? = null

        internal val listeners = mutableListOf<EventListener>()

        /** This builder as what it is. */
        protected abstract val self: B

        /** Begins with what [options] say. */
        internal fun beginWith(options: DatagramOptions) {
            maxDatagramSize = options.maxDatagramSize
            socket = options.socket
            group = options.group
            listeners += options.listeners
        }

        /** See [DatagramOptions.maxDatagramSize]. */
        public fun maxDatagramSize(value: Int): B = self.apply { maxDatagramSize = value }

        /** See [DatagramOptions.socket]. */
        public fun socket(value: SocketOptions): B = self.apply { socket = value }

        /** What the operating system is asked for, in a block of its own. */
        @JvmSynthetic
        public fun socket(block: SocketOptions.Builder.() -> Unit) {
            socket = SocketOptions(block)
        }

        /** See [DatagramOptions.group]. */
        public fun group(value: EventLoopGroup): B = self.apply { group = value }

        /** Adds [listener]: it is told of every event, those of the beginning too, which come before anybody can collect them. */
        public fun onEvent(listener: EventListener): B = self.apply { listeners += listener }
    }

    private companion object {
        const val LARGEST = 16 * 1024 * 1024
    }
}
