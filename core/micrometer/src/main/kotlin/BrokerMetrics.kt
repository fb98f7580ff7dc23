package io.hawser.micrometer

import io.hawser.broker.Broker
import io.hawser.broker.BrokerStats
import io.hawser.broker.ChannelStats
import io.hawser.broker.Outcome
import io.hawser.transport.TransportApi
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import java.time.Duration
import java.util.UUID
import kotlinx.coroutines.withTimeoutOrNull

/**
 * What [broker] does and has done, looked at when the registry is: `hawser.broker.*`, and `hawser.broker.channel.*` for each channel. Its server
 * has [ServerMetrics] of its own, by [Broker.handle].
 *
 * Channels are called by their UUID, or by their name in [names], whose channels have meters from the beginning. Up to [maxChannels] have: those
 * named, and those that were seen first, which is looked for every [lookEvery] until there are as many. All the others are `other` together.
 * Requests of a channel are counted there until it has meters of its own, which count from then on: together they are all.
 *
 * @throws IllegalStateException if the broker has not been started.
 * @throws IllegalArgumentException if there are more [names] than [maxChannels], two of them are the same, one is `other`, or [lookEvery] is not
 *   positive.
 */
@OptIn(TransportApi::class)
public class BrokerMetrics @JvmOverloads constructor(
    private val broker: Broker,
    names: Map<UUID, String> = emptyMap(),
    private val maxChannels: Int = DEFAULT_CHANNELS,
    tags: Iterable<Tag> = emptyList(),
    private val lookEvery: Duration = DEFAULT_LOOK,
) : HawserMetrics(tagsOf(broker.endpoint, tags)) {
    private val names = names.toMap()
    private val tally = broker.tally()

    /** Those that have meters of their own. Replaced under the monitor, read without. */
    @Volatile
    private var known = this.names.keys

    /** Guarded by the monitor. */
    private val views = mutableMapOf<MeterRegistry, Moment<BrokerStats>>()

    init {
        val twice = names.values.groupingBy { it }.eachCount().filterValues { it > 1 }.keys
        require(twice.isEmpty()) { "names are not one channel's each: ${twice.joinToString()}" }
        require(OTHER !in names.values) { "a channel is called $OTHER, as all are together that have no meters" }
        require(maxChannels >= names.size) { "maxChannels < ${names.size}, as many as have names: $maxChannels" }
        require(!lookEvery.isNegative && !lookEvery.isZero) { "lookEvery is not positive: $lookEvery" }
        known.forEach(tally::add)
    }

    override fun Meters.register() {
        val view = views.getOrPut(registry) { Moment(registry.config().clock()) { broker.stats(latencyOf = known) } }
        gauge("hawser.broker.peers", view, "peers", "Connections") { it.now.peers }
        gauge("hawser.broker.providers", view, "providers", "Who answers") { it.now.providers }
        gauge("hawser.broker.consumers", view, "consumers", "Who asks") { it.now.consumers }
        gauge("hawser.broker.active", view, "requests", "Requests that a provider has") { it.now.inFlight }
        gauge("hawser.broker.waiting", view, "requests", "Requests that wait for a provider") { it.now.waiting }
        gauge("hawser.broker.held", view, "bytes", "Bytes that wait in the broker") { it.now.bytes }
        counter("hawser.broker.requests", view, "requests", "Requests that have come") { it.now.requests }
        for (outcome in Outcome.entries) {
            val tag = outcome.name.lowercase()
            counter("hawser.broker.ended", view, "requests", "Requests that have ended, by how", "outcome", tag) {
                it.now.outcomes[outcome] ?: 0
            }
        }
        counter("hawser.broker.repeated", view, "requests", "Requests given to another provider because the first was lost") {
            it.now.repeats
        }
        counter("hawser.broker.late", view, "frames", "Frames of requests that had ended") { it.now.lateFrames }
        counter("hawser.broker.refused", view, "registrations", "Registrations that were refused") { it.now.refusals }
        counter("hawser.broker.channel.requests", view, "requests", REQUESTS, CHANNEL, OTHER) { tally.others }
        for ((name, description, unit, count) in COUNTS) {
            gauge("hawser.broker.channel.$name", view, unit, description, CHANNEL, OTHER) { it.now.rest(count) }
        }
        for (id in known) register(view, id)
    }

    override suspend fun watch() {
        while (known.size < maxChannels) {
            see(broker.channels)
            if (withTimeoutOrNull(lookEvery.toMillis().coerceAtLeast(1)) { broker.awaitClosed() } != null) return
        }
        broker.awaitClosed()
    }

    @Synchronized
    private fun see(ids: Set<UUID>) {
        val found = (ids - known).take(maxChannels - known.size)
        if (found.isEmpty()) return
        found.forEach(tally::add)
        known = known + found
        addToAll { for (id in found) register(views.getValue(registry), id) }
    }

    private fun BrokerStats.rest(count: (ChannelStats) -> Int): Int {
        val own = known
        return channels.entries.sumOf { (id, channel) -> if (id in own) 0 else count(channel) }
    }

    private fun Meters.register(view: Moment<BrokerStats>, id: UUID) {
        val name = names[id] ?: "$id"
        counter("hawser.broker.channel.requests", view, "requests", REQUESTS, CHANNEL, name) { tally.requests(id) }
        for ((kind, description, unit, count) in COUNTS) {
            gauge("hawser.broker.channel.$kind", view, unit, description, CHANNEL, name) { it.now.channels[id]?.let(count) ?: 0 }
        }
        for (quantile in QUANTILES) {
            time("hawser.broker.channel.latency", view, LATENCY, CHANNEL, name, "quantile", "$quantile") {
                it.now.channels[id]?.latency?.quantile(quantile)?.toNanos() ?: 0
            }
        }
    }

    private data class Count(val name: String, val description: String, val unit: String, val count: (ChannelStats) -> Int)

    private companion object {
        const val DEFAULT_CHANNELS = 20
        val DEFAULT_LOOK: Duration = Duration.ofSeconds(10)
        const val CHANNEL = "channel"
        const val OTHER = "other"
        const val REQUESTS = "Requests that have come on a channel"
        const val LATENCY = "How long requests took that were answered, since somebody has been registered on the channel"
        val QUANTILES = listOf(0.5, 0.9, 0.99)
        val COUNTS = listOf(
            Count("providers", "Who answers on a channel", "providers") { it.providers },
            Count("consumers", "Who asks on a channel", "consumers") { it.consumers },
            Count("active", "Requests on a channel that a provider has", "requests") { it.inFlight },
            Count("waiting", "Requests on a channel that wait for a provider", "requests") { it.waiting },
        )
    }
}
