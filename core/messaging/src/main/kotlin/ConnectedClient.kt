package io.hawser.messaging

import io.hawser.messaging.hub.OutboundQueue
import java.net.SocketAddress
import java.time.Instant

/** A client of a [MessageHub]. What it says of queue and groups is as of now, the rest stays. */
public class ConnectedClient internal constructor(
    /** Tells clients of this hub apart; never given twice. */
    public val id: String,
    /** Where it has connected from. */
    public val address: SocketAddress,
    /** When it had connected, by the hub's clock. */
    public val connectedAt: Instant,
    private val queue: OutboundQueue,
) {
    /** The groups that the hub has put it in. */
    @Volatile
    public var groups: Set<String> = emptySet()
        internal set

    /** Messages that wait to leave, or are just leaving. */
    public val queueDepth: Int get() = queue.size

    /** Messages for it that were dropped. */
    public val dropped: Long get() = queue.dropped

    override fun toString(): String = "client $id at $address"
}
