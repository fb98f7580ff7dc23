package io.hawser.broker

import java.time.Duration
import java.util.UUID

/** Something that happened at a broker. There may be more kinds of them one day. */
public interface BrokerEvent {
    /** [peer] has connected, and is about to register. */
    public class Connected(public val peer: ConnectedPeer) : BrokerEvent {
        override fun toString(): String = "$peer connected"
    }

    /** [peer] is a [role] of [channel] from now on. */
    public class Registered(public val peer: ConnectedPeer, public val role: Role, public val channel: UUID) : BrokerEvent {
        override fun toString(): String = "$peer is a ${role.name.lowercase()} of $channel"
    }

    /** [peer] would have liked to be a [role] of [channel], but was told a [reason]. */
    public class RegistrationRefused(
        public val peer: ConnectedPeer,
        public val role: Role,
        public val channel: UUID,
        public val reason: String,
    ) : BrokerEvent {
        override fun toString(): String = "$peer is no ${role.name.lowercase()} of $channel: $reason"
    }

    /** [peer] is gone: for a [cause], or because one of the two sides has closed. */
    public class Disconnected(public val peer: ConnectedPeer, public val cause: Throwable?) : BrokerEvent {
        override fun toString(): String = "$peer is gone" + if (cause == null) "" else ": ${cause.message}"
    }

    /** A request on [channel] has ended with [outcome]; it [took] so long since it came. */
    public class RequestEnded(public val channel: UUID, public val outcome: Outcome, public val took: Duration) : BrokerEvent {
        override fun toString(): String = "a request on $channel ended after ${took.toMillis()} ms: $outcome"
    }

    /** The broker takes no new requests. */
    public object Draining : BrokerEvent {
        override fun toString(): String = "draining"
    }
}
