package io.hawser.broker

import java.net.SocketAddress
import java.time.Instant
import java.util.UUID

/** A connection to a broker, as it was when this was made. */
public class ConnectedPeer internal constructor(
    /** Never given twice. */
    public val id: Long,
    /** Where it has connected from. */
    public val address: SocketAddress,
    /** When the broker accepted it, by the broker's clock. */
    public val connectedAt: Instant,
    /** What it is registered as; empty until it has said. */
    public val registrations: List<Registration>,
    /** Requests that it asks, or has to answer. */
    public val inFlight: Int,
    /** Bytes that wait to leave. */
    public val queuedBytes: Long,
) {
    /** What [role] it has, and on which [channel]; [capacity] is how many requests it takes at a time, 0 if it asks. */
    public class Registration internal constructor(public val role: Role, public val channel: UUID, public val capacity: Int) {
        override fun toString(): String = "${role.name.lowercase()} of $channel"
    }

    override fun toString(): String = "peer $id at $address"
}
