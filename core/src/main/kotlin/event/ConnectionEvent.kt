package io.hawser.event

import io.hawser.CloseReason
import java.net.SocketAddress

/**
 * What happened to the connection [id]. Events of one connection come in the order in which they happened.
 *
 * A client's begin with [Dialing], a server's with [Opened], or with the [Failed] of a handshake; the last one is [Closed], or the
 * [Failed] of a client that could not connect.
 */
public sealed interface ConnectionEvent : SocketEvent {
    /** [io.hawser.Connection.id]. */
    public val id: Long

    /** Our address, or null while there is none yet. */
    public val local: SocketAddress?

    /** The peer's address; unresolved while a client looks it up. */
    public val remote: SocketAddress

    /** A client begins to connect. */
    public data class Dialing(override val id: Long, override val remote: SocketAddress) : ConnectionEvent {
        override val local: SocketAddress? get() = null
    }

    /** It is connected, its layers included. */
    public data class Opened(override val id: Long, override val local: SocketAddress, override val remote: SocketAddress) :
        ConnectionEvent

    /** Its handler begins. */
    public data class HandlerStarted(override val id: Long, override val local: SocketAddress, override val remote: SocketAddress) :
        ConnectionEvent

    /** [bytes] have come in, once per system call that brought any. */
    public data class Read(
        override val id: Long,
        override val local: SocketAddress,
        override val remote: SocketAddress,
        public val bytes: Int,
    ) : ConnectionEvent

    /** The transport has taken [bytes], once per system call that took any. */
    public data class Written(
        override val id: Long,
        override val local: SocketAddress,
        override val remote: SocketAddress,
        public val bytes: Long,
    ) : ConnectionEvent

    /**
     * In one [direction] it begins to be held back by a rate of the options: the peer would send, or take, more than it may. Told again
     * when it has not been held back for a second.
     */
    public data class Throttled(
        override val id: Long,
        override val local: SocketAddress,
        override val remote: SocketAddress,
        public val direction: Direction,
    ) : ConnectionEvent

    /** The peer has ended its direction, and everything before that has been read. */
    public data class InputClosed(override val id: Long, override val local: SocketAddress, override val remote: SocketAddress) :
        ConnectionEvent

    /** We have ended our direction. */
    public data class OutputClosed(override val id: Long, override val local: SocketAddress, override val remote: SocketAddress) :
        ConnectionEvent

    /** It could not be opened, or who opened it was cancelled, or its handler, a layer or a timeout failed it with [cause]. */
    public data class Failed(
        override val id: Long,
        override val local: SocketAddress?,
        override val remote: SocketAddress,
        public val cause: Throwable,
    ) : ConnectionEvent

    /** It is closed because of [reason]. A server says so when its descriptor is free. */
    public data class Closed(
        override val id: Long,
        override val local: SocketAddress,
        override val remote: SocketAddress,
        public val reason: CloseReason,
    ) : ConnectionEvent
}
