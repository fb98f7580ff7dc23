package io.hawser.micrometer

import io.hawser.broker.Broker
import io.hawser.broker.ChannelStats
import io.hawser.broker.Outcome
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import java.time.Duration
import java.util.UUID

/**
 * What [broker] does and has done, looked at when the registry is: `hawser.broker.*`, and `hawser.broker.channel.*` for each channel. Its server
 * has [ServerMetrics] of its own, by [Broker.handle].
 *
 * Channels are called by their UUID, or by their name in [names], whose channels have meters from the beginning. Up to [maxChannels] have: those
 * named, and those that were seen first, which is looked for every [lookEvery]. All the others are `other` together.
 *
 * @throws IllegalStateException if the broker has not been started.
 * @throws IllegalArgumentException if there are more [names] than [maxChannels], or [lookEvery] is not positive.
 */
public class BrokerMetrics @JvmOverloads constructor(
    private val broker: Broker,
    private val names: Map<UUID, String> = emptyMap(),
    private val maxChannels: Int = DEFAULT_CHANNELS,
    tags: Iterable<Tag> = emptyList(),
    private val lookEvery: Duration = DEFAULT_LOOK,
) : HawserMetrics(tagsOf(broker.endpoint, tags)) {
    /** Those that have meters of their own; guarded by the monitor, like what follows. */
    private val known = LinkedHashSet(names.keys)
    private val views = mutableMapOf<MeterRegistry, BrokerView>()

    init {
        require(maxChannels >= names.size) { "maxChannels < ${names.size}, as many as have names: $maxChannels" }
        require(!lookEvery.isNegative && !lookEvery.isZero) { "lookEvery is not positive: $lookEvery" }
    }

    override fun Meters.register() {
        val view = views.getOrPut(registry) { BrokerView(broker, registry.config().clock()) }
        gauge("hawser.broker.peers", view, "peers", "Connections") { it.stats.peers }
        gauge("hawser.broker.providers", view, "providers", "Who answers") { it.stats.providers }
        gauge("hawser.broker.consumers", view, "consumers", "Who asks") { it.stats.consumers }
        gauge("hawser.broker.active", view, "requests", "Requests that a provider has") { it.stats.inFlight }
        gauge("hawser.broker.waiting", view, "requests", "Requests that wait for a provider") { it.stats.waiting }
        gauge("hawser.broker.held", view, "bytes", "Bytes that wait in the broker") { it.stats.bytes }
        counter("hawser.broker.requests", view, "requests", "Requests that have come") { it.stats.requests }
        for (outcome in Outcome.entries) {
            val tag = outcome.name.lowercase()
            counter("hawser.broker.ended", view, "requests", "Requests that have ended, by how", "outcome", tag) {
                it.stats.outcomes[outcome] ?: 0
            }
        }
        counter("hawser.broker.repeated", view, "requests", "Requests given to another provider because the first was lost") {
            it.stats.repeats
        }
        counter("hawser.broker.late", view, "frames", "Frames of requests that had ended") { it.stats.lateFrames }
        counter("hawser.broker.refused", view, "registrations", "Registrations that were refused") { it.stats.refusals }
        counter("hawser.broker.channel.requests", view, "requests", REQUESTS, CHANNEL, OTHER) { it.restOfRequests() }
        for ((name, description, unit, count) in COUNTS) {
            gauge("hawser.broker.channel.$name", view, unit, description, CHANNEL, OTHER) { it.rest(count) }
        }
        for (id in known) register(view, id)
    }

    override suspend fun watch(): Unit = broker.stats(lookEvery).collect { stats -> see(stats.channels.keys) }

    @Synchronized
    private fun see(ids: Set<UUID>) {
        val found = (ids - known).take(maxChannels - known.size)
        if (found.isEmpty()) return
        known += found
        addToAll { for (id in found) register(views.getValue(registry), id) }
    }

    private fun Meters.register(view: BrokerView, id: UUID) {
        val channel = view.channel(id)
        val name = names[id] ?: "$id"
        counter("hawser.broker.channel.requests", channel, "requests", REQUESTS, CHANNEL, name) { it.requests() }
        for ((kind, description, unit, count) in COUNTS) {
            gauge("hawser.broker.channel.$kind", channel, unit, description, CHANNEL, name) { it.stats?.let(count) ?: 0 }
        }
        for (quantile in QUANTILES) {
            time("hawser.broker.channel.latency", channel, LATENCY, CHANNEL, name, "quantile", "$quantile") {
                it.stats?.latency?.quantile(quantile)?.toNanos() ?: 0
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
