package io.hawser.broker

import java.net.SocketAddress
import java.time.Instant
import java.util.UUID

/** A connection to a broker, as it was when this was made. */
public class ConnectedPeer internal constructor(
    /** Never given twice. */
    public val id: Long,
    public val address: SocketAddress,
    public val connectedAt: Instant,
    public val registrations: List<Registration>,
    /** Requests that it asks, or has to answer. */
    public val inFlight: Int,
    /** Bytes that wait to leave. */
    public val queuedBytes: Long,
) {
    /** What it is, and where; [capacity] is how many requests it takes at a time, 0 if it asks. */
    public class Registration internal constructor(public val role: Role, public val channel: UUID, public val capacity: Int) {
        override fun toString(): String = "${role.name.lowercase()} of $channel"
    }

    override fun toString(): String = "peer $id at $address"
}
