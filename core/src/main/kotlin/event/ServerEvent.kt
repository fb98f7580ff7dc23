package io.hawser.event

import io.hawser.Admission
import java.net.InetAddress
import java.net.SocketAddress

/** What happened to the server that listens, or listened, on [address]. */
public sealed interface ServerEvent : SocketEvent {
    public val address: SocketAddress

    /** It accepts. It happens before anybody can collect it; a listener of the server's options is told. */
    public data class Listening(override val address: SocketAddress) : ServerEvent

    /** [remote] had connected, was not let in because of [reason], and has been closed. */
    public data class Refused(
        override val address: SocketAddress,
        public val remote: SocketAddress,
        public val reason: Refusal,
    ) : ServerEvent

    /**
     * A connection could not be accepted because of [cause]. The server tries again after a pause that doubles up to a second, or at once
     * if it could only not be given its socket options.
     */
    public data class AcceptFailed(override val address: SocketAddress, public val cause: Throwable) : ServerEvent

    /** It shuts down: it accepts no more and waits for its handlers. */
    public data class Draining(override val address: SocketAddress) : ServerEvent

    /** It has ended. Nothing comes after it. */
    public data class Stopped(override val address: SocketAddress) : ServerEvent
}

/** Why a server did not let somebody in. */
public sealed interface Refusal {
    /** There are [limit] connections already. */
    public data class TooManyConnections(public val limit: Int) : Refusal {
        override fun toString(): String = "the limit of $limit connections is reached"
    }

    /** There are free places, and all of them are kept for the admission classes that are called [classes]. */
    public data class Reserved(public val classes: List<String>) : Refusal {
        override fun toString(): String = "the places that are free are kept for ${classes.joinToString()}"
    }

    /** There are [limit] connections from [host] already. */
    public data class TooManyFromHost(public val host: InetAddress, public val limit: Int) : Refusal {
        override fun toString(): String = "the limit of $limit connections from ${host.hostAddress} is reached"
    }

    /** Who connects from [host] comes more often than [rate] times a second. */
    public data class TooFast(public val host: InetAddress, public val rate: Int) : Refusal {
        override fun toString(): String = "${host.hostAddress} connects more than $rate times a second"
    }

    /** [rule] does not admit it, or failed with [cause] when it was asked. */
    public data class NotAdmitted(public val rule: Admission, public val cause: Throwable? = null) : Refusal {
        override fun toString(): String = if (cause == null) "not admitted by the rule: $rule" else "the rule failed: $rule: $cause"
    }
}
