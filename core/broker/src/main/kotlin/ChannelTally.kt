package io.hawser.broker

import io.hawser.broker.serving.Office
import io.hawser.transport.TransportApi
import java.util.UUID

/**
 * Tells the requests on some channels of a broker from those on all [others]. No count ever falls, also where the broker forgets a channel, and
 * together they are all requests that have come, but for those that come while they are looked at. Any thread.
 */
@TransportApi
public class ChannelTally internal constructor(private val office: Office) {
    /** What had come on each when it was added; guarded by the monitor, like what follows. */
    private val before = LinkedHashMap<UUID, Long>()
    private var othersEver = 0L

    /** Has requests on [channel] counted for themselves from now on; those until now stay with the [others]. */
    @Synchronized
    public fun add(channel: UUID) {
        before.computeIfAbsent(channel, office::requestsEver)
    }

    /**
     * Requests on [channel] since it was added.
     *
     * @throws IllegalArgumentException if it was not.
     */
    @Synchronized
    public fun requests(channel: UUID): Long =
        office.requestsEver(channel) - requireNotNull(before[channel]) { "channel $channel has not been added" }

    /** Requests on all channels that were not added, or not yet. */
    public val others: Long
        @Synchronized get() {
            // Looked at first: what comes in between is missing here and not counted twice, and the next look has it.
            val all = office.requestsEver
            othersEver = maxOf(othersEver, all - before.keys.sumOf(::requests))
            return othersEver
        }
}
