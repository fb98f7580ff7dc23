package io.hawser.event

import io.hawser.Admission
import java.net.SocketAddress
import java.time.Duration

/**
 * What happened at the socket of datagrams [id]. Events of one socket come in the order in which they happened: [Opened] first, [Closed]
 * last.
 */
public sealed interface DatagramEvent : SocketEvent {
    /** [io.hawser.DatagramSocket.id]. */
    public val id: Long

    /** Our address. */
    public val local: SocketAddress

    /** It can send and receive; [peer] is the only one it does that with, if there is one. */
    public data class Opened(override val id: Long, override val local: SocketAddress, public val peer: SocketAddress?) : DatagramEvent

    /** A datagram of [bytes] has come from [sender], null where that has no address. */
    public data class Received(
        override val id: Long,
        override val local: SocketAddress,
        public val sender: SocketAddress?,
        public val bytes: Int,
    ) : DatagramEvent

    /** The system has taken a datagram of [bytes] for [target]. */
    public data class Sent(
        override val id: Long,
        override val local: SocketAddress,
        public val target: SocketAddress,
        public val bytes: Int,
    ) : DatagramEvent

    /** A datagram of [bytes], received from or meant for [peer], goes no further because of [reason]. */
    public data class Dropped(
        override val id: Long,
        override val local: SocketAddress,
        public val peer: SocketAddress?,
        public val bytes: Int,
        public val reason: DropReason,
    ) : DatagramEvent

    /** Receiving, sending to [peer], or the handler of a datagram from [peer] failed with [cause]. The socket goes on. */
    public data class Failed(
        override val id: Long,
        override val local: SocketAddress,
        public val peer: SocketAddress?,
        public val cause: Throwable,
    ) : DatagramEvent

    /** It is closed. */
    public data class Closed(override val id: Long, override val local: SocketAddress) : DatagramEvent
}

/** Why a datagram goes no further. */
public sealed interface DropReason {
    /** Others wait already, as many as [count] or as many bytes as [bytes]. */
    public data class QueueFull(public val count: Int, public val bytes: Int) : DropReason {
        override fun toString(): String = "the queue of $count datagrams or $bytes bytes is full"
    }

    /** [rule] does not admit who sent it, or failed with [cause] when it was asked. */
    public data class NotAdmitted(public val rule: Admission, public val cause: Throwable? = null) : DropReason {
        override fun toString(): String = if (cause == null) "not admitted by the rule: $rule" else "the rule failed: $rule: $cause"
    }

    /** It has more than [limit] bytes, and what is left of it is not what was sent. */
    public data class TooLarge(public val limit: Int) : DropReason {
        override fun toString(): String = "over the limit of $limit bytes"
    }

    /** It is a reply, and there were [perSecond] within a second already. */
    public data class TooManyReplies(public val perSecond: Int) : DropReason {
        override fun toString(): String = "the limit of $perSecond replies a second is reached"
    }

    /** It came from the server's own address, or says so: a reply would come back for ever. */
    public data object FromItself : DropReason {
        override fun toString(): String = "it comes from the server itself"
    }

    /** The server has ended before its turn came. */
    public data object ServerClosed : DropReason {
        override fun toString(): String = "the server is closed"
    }

    /** It is a reply, and whom it was for had no room for it within [patience], or there was none to send it from. */
    public data class NoRoom(public val patience: Duration) : DropReason {
        override fun toString(): String = "there was no room for it within ${patience.toMillis()} ms"
    }
}
