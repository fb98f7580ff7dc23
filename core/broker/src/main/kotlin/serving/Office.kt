package io.hawser.broker.serving

import io.hawser.broker.Broker
import io.hawser.broker.BrokerEvent
import io.hawser.broker.BrokerOptions
import io.hawser.broker.BrokerStats
import io.hawser.broker.Outcome
import io.hawser.broker.Role
import io.hawser.broker.link.Budget
import io.hawser.broker.routing.LocalRouter
import io.hawser.broker.routing.Router
import io.hawser.broker.routing.RoutingApi
import java.time.Duration
import java.time.Instant
import java.util.UUID
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.LongAdder
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.MutableSharedFlow

/** What all connections of a broker share: limits, who answers where, what has been, and whether it still takes requests. Any thread. */
@OptIn(RoutingApi::class)
internal class Office(val options: BrokerOptions) {
    val router: Router = options.router ?: LocalRouter(options.choice)
    val budget = Budget(options.maxBytes)
    val happened = MutableSharedFlow<BrokerEvent>(extraBufferCapacity = EVENTS, onBufferOverflow = BufferOverflow.DROP_OLDEST)
    val peers = ConcurrentHashMap<Long, Peer>()
    val late = LongAdder()
    val repeats = LongAdder()
    val refusals = LongAdder()
    private val channels = ConcurrentHashMap<UUID, Channel>()

    /** Requests on channels that have been forgotten since, of those that somebody wants to know it of. Changed where [channels] are. */
    private val past = ConcurrentHashMap<UUID, Long>()
    private val since = Instant.now()
    private val requests = LongAdder()
    private val outcomes = Outcome.entries.associateWith { LongAdder() }
    private val live = AtomicInteger()
    private val waiting = AtomicInteger()

    private val hasBegunDraining = AtomicBoolean()
    private val isFinished = AtomicBoolean()

    @Volatile
    var isDraining = false
        private set

    /** Whether it has been closed, and whoever is lost from now on is so because of that. */
    @Volatile
    var isCut = false

    init {
        router.onChange { channels[it]?.serve() }
        if (options.remoteStats) router.register(Broker.STATS, StatsTarget(options.window) { stats() })
    }

    /** The channel [id] for somebody who is a [role] there from now on, or null if there are too many. */
    fun enter(id: UUID, role: Role): Channel? {
        return channels.compute(id) { _, known ->
            val channel = known ?: if (channels.size < options.maxChannels) Channel(id, router) else null
            channel?.also { it.count(role).incrementAndGet() }
        }
    }

    /** Somebody is no [role] of [channel] any more. */
    fun leave(channel: Channel, role: Role) {
        channels.compute(channel.id) { _, known ->
            channel.count(role).decrementAndGet()
            if (known == null || known.providers.get() + known.consumers.get() > 0) return@compute known
            past.computeIfPresent(channel.id) { _, count -> count + known.requests.sum() }
            null
        }
    }

    val channelIds: Set<UUID> get() = channels.keys.toSet()

    /** Requests that have come. */
    val requestsEver: Long get() = requests.sum()

    /** Those on the channel [id]; from now on the number outlives the channel. */
    fun requestsEver(id: UUID): Long {
        var count = 0L
        channels.compute(id) { _, known ->
            count = past.computeIfAbsent(id) { 0 } + (known?.requests?.sum() ?: 0)
            known
        }
        return count
    }

    /** A request has come. Whether there may be one more; [ended] is to follow in any case. */
    fun begin(channel: Channel): Boolean {
        // In this order: who looks at them the other way round finds none that is on no channel.
        channel.requests.increment()
        requests.increment()
        return live.incrementAndGet() <= options.maxInFlight
    }

    /** Whether one more may wait; then [waited] is to follow. */
    fun mayWait(): Boolean {
        if (waiting.incrementAndGet() <= options.maxWaiting) return true
        waiting.decrementAndGet()
        return false
    }

    fun waited() {
        waiting.decrementAndGet()
    }

    /** A request has ended, after so many nanoseconds; [isAnswered] if a provider has said all that it says. */
    fun ended(channel: Channel, outcome: Outcome, took: Long, isAnswered: Boolean) {
        if (isAnswered) channel.latency.record(took)
        // Whoever sees it counted finds what it took counted too.
        outcomes.getValue(outcome).increment()
        if (happened.subscriptionCount.value > 0) {
            happened.tryEmit(BrokerEvent.RequestEnded(channel.id, outcome, Duration.ofNanos(took)))
        }
        if (live.decrementAndGet() == 0 && isDraining) finish()
    }

    fun tell(event: BrokerEvent) {
        happened.tryEmit(event)
    }

    /** Tells [peer], who has come too late, that no requests are taken. */
    fun dismiss(peer: Peer) {
        peer.announceEnd()
        if (isFinished.get() || live.get() == 0) peer.finish()
    }

    /** No more requests are taken. When the last has ended, all connections are. */
    fun drain() {
        if (!hasBegunDraining.compareAndSet(false, true)) return
        isDraining = true
        tell(BrokerEvent.Draining)
        for (peer in peers.values) dismiss(peer)
    }

    private fun finish() {
        // Who comes from now on is dismissed at once.
        if (isFinished.compareAndSet(false, true)) peers.values.forEach { it.finish() }
    }

    /** What is and has been; latencies are those of channels that [hasLatency]. */
    fun stats(hasLatency: (UUID) -> Boolean = { true }): BrokerStats {
        val known = channels.values.associate { it.id to it.stats(hasLatency(it.id)) }
        val waiting = waiting.get()
        return BrokerStats(
            since,
            peers.size,
            known.values.sumOf { it.providers },
            known.values.sumOf { it.consumers },
            (live.get() - waiting).coerceAtLeast(0),
            waiting,
            budget.bytes,
            requests.sum(),
            outcomes.mapValues { it.value.sum() }.filterValues { it > 0 },
            late.sum(),
            repeats.sum(),
            refusals.sum(),
            known,
        )
    }

    private companion object {
        const val EVENTS = 1_024
    }
}
