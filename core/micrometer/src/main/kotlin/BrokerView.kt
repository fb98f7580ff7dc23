package io.hawser.micrometer

import io.hawser.broker.Broker
import io.hawser.broker.BrokerStats
import io.hawser.broker.ChannelStats
import io.micrometer.core.instrument.Clock
import java.util.UUID

/** A broker as the meters of one registry see it: all that are looked at together see the same moment. */
internal class BrokerView(private val broker: Broker, private val clock: Clock) {
    /** Those that have meters of their own; guarded by the monitor, like what follows. */
    private val channels = mutableListOf<ChannelView>()
    private var seen = broker.stats
    private var asOf = clock.monotonicTime()
    private var restEver = 0L

    val stats: BrokerStats
        @Synchronized get() {
            val now = clock.monotonicTime()
            if (now - asOf >= MOMENT) {
                seen = broker.stats
                asOf = now
            }
            return seen
        }

    /** The channel [id], with meters of its own from now on. */
    @Synchronized
    fun channel(id: UUID): ChannelView = ChannelView(this, id).also(channels::add)

    /** What [count] counts on all channels together that have no meters of their own. */
    @Synchronized
    fun rest(count: (ChannelStats) -> Int): Int {
        val own = channels.mapTo(HashSet()) { it.id }
        return stats.channels.entries.sumOf { (id, channel) -> if (id in own) 0 else count(channel) }
    }

    /** Requests that have come on them. */
    @Synchronized
    fun restOfRequests(): Long {
        restEver = maxOf(restEver, stats.requests - channels.sumOf(ChannelView::requests))
        return restEver
    }

    private companion object {
        const val MOMENT = 100_000_000L
    }
}

/** The channel [id] of [broker], also while nobody is registered on it. */
internal class ChannelView(private val broker: BrokerView, val id: UUID) {
    private var before = 0L
    private var last = 0L

    val stats: ChannelStats? get() = broker.stats.channels[id]

    /** Requests that have come ever: the broker forgets them with the last who is registered there. */
    fun requests(): Long = synchronized(broker) {
        val now = stats?.requests ?: 0
        if (now < last) before += last
        last = now
        before + now
    }
}
