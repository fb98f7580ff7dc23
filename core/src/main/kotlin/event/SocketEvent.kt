package io.hawser.event

import io.hawser.CloseReason
import java.net.SocketAddress

/** What happened to a socket, as data. */
public sealed interface SocketEvent

/** What happened to the connection [id]. Events of one connection come in the order in which they happened. */
public sealed interface ConnectionEvent : SocketEvent {
    public val id: Long
    public val local: SocketAddress?
    public val remote: SocketAddress

    /** It is connected, its layers included. */
    public data class Opened(override val id: Long, override val local: SocketAddress, override val remote: SocketAddress) :
        ConnectionEvent

    /** Its handler begins. */
    public data class HandlerStarted(override val id: Long, override val local: SocketAddress, override val remote: SocketAddress) :
        ConnectionEvent

    /** Its handler, or one of its layers, failed with [cause]. [Closed] follows. */
    public data class Failed(
        override val id: Long,
        override val local: SocketAddress,
        override val remote: SocketAddress,
        public val cause: Throwable,
    ) : ConnectionEvent

    /** It is closed and its descriptor is free. */
    public data class Closed(
        override val id: Long,
        override val local: SocketAddress,
        override val remote: SocketAddress,
        public val reason: CloseReason,
    ) : ConnectionEvent
}

/** What happened to the server that listens, or listened, on [address]. */
public sealed interface ServerEvent : SocketEvent {
    public val address: SocketAddress

    /** A connection could not be accepted because of [cause]; the server tries again after a pause that doubles up to a second. */
    public data class AcceptFailed(override val address: SocketAddress, public val cause: Throwable) : ServerEvent

    /** It accepts no more and waits for its handlers. */
    public data class Draining(override val address: SocketAddress) : ServerEvent

    /** It has ended. */
    public data class Stopped(override val address: SocketAddress) : ServerEvent
}
