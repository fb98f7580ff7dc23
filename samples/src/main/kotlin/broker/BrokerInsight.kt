package io.hawser.samples.broker

import io.hawser.broker.Broker
import io.hawser.broker.BrokerEvent
import io.hawser.broker.ChannelStats
import io.hawser.broker.Outcome
import io.hawser.samples.monitor.BusyChannel
import io.hawser.samples.monitor.Facts
import io.hawser.samples.monitor.Insight
import io.hawser.samples.monitor.Window
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.DurationUnit.SECONDS
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.launch

/** What goes on at [broker], where it listens to how long each request took until [scope] ends. */
internal class BrokerInsight(private val broker: Broker, scope: CoroutineScope) : Insight {
    private val window = Window()
    private var asOf = System.nanoTime()
    private var requests = emptyMap<UUID, Long>()

    init {
        scope.launch(start = UNDISPATCHED) {
            broker.events.collect { if (it is BrokerEvent.RequestEnded && it.outcome in answered) window.record(it.took.toNanos()) }
        }
    }

    override fun look(): Facts {
        val stats = broker.stats
        val now = System.nanoTime()
        val busiest = busiest(stats.channels, (now - asOf).nanoseconds)
        asOf = now
        requests = stats.channels.mapValues { it.value.requests }
        return Facts(
            now = linkedMapOf(
                "providers" to stats.providers.toLong(),
                "consumers" to stats.consumers.toLong(),
                "in_flight" to stats.inFlight.toLong(),
                "waiting" to stats.waiting.toLong(),
                "queued_bytes" to stats.bytes,
            ),
            totals = mapOf("requests" to stats.requests) +
                Outcome.entries.associate { it.name.lowercase() to stats.outcomes.getOrDefault(it, 0) } +
                mapOf("repeats" to stats.repeats, "registrations_refused" to stats.refusals),
            delays = listOfNotNull(window.turn()?.let { "request" to it }).toMap(),
            channels = busiest,
        )
    }

    private fun busiest(channels: Map<UUID, ChannelStats>, elapsed: Duration): List<BusyChannel> = channels
        .map { (id, channel) ->
            BusyChannel(
                name = "$id",
                requests = channel.requests,
                // A channel that has begun again counts from nothing.
                rate = (channel.requests - requests.getOrDefault(id, 0)).coerceAtLeast(0) / elapsed.toDouble(SECONDS),
                inFlight = channel.inFlight.toLong(),
                waiting = channel.waiting.toLong(),
                providers = channel.providers.toLong(),
                consumers = channel.consumers.toLong(),
                p99 = channel.latency.takeIf { it.count > 0 }?.p99?.toKotlinDuration(),
            )
        }
        .sortedWith(compareByDescending<BusyChannel> { it.rate }.thenByDescending { it.requests })
        .take(BUSIEST)

    private companion object {
        /** More than fit on a screen. */
        const val BUSIEST = 20

        /** Those that a provider has had its say on: the others tell how long somebody waited in vain. */
        val answered = setOf(Outcome.COMPLETED, Outcome.FAILED)
    }
}
