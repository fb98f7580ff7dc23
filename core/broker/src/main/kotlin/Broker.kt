package io.hawser.broker

import io.hawser.Endpoint
import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.KotlinOnly
import io.hawser.RunningServer
import io.hawser.StreamServer
import io.hawser.broker.routing.RoutingApi
import io.hawser.broker.serving.Office
import io.hawser.broker.serving.Reception
import io.hawser.event.ServerState
import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.util.UUID
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Brings together those who ask and those who answer, on channels that have a UUID for a name. It runs once, in the scope of [start] or for
 * as long as [serve] is called.
 *
 * Each request is given to one provider of its channel, and ends once: with its answer, or with the failure that came first. Of what is asked
 * and answered no more than a window of each is here at a time, so bodies may be of any length, and who does not take his own holds up
 * nobody else. `PROTOCOL.md` says what goes over the wire.
 *
 * Its server is to leave [io.hawser.ServerOptions.onDrain] as it is: where the input ends at once, a [shutdown] lets nothing be answered.
 *
 * @sample io.hawser.samples.documentation.broker
 */
@OptIn(RoutingApi::class, TransportApi::class, DelicateCoroutinesApi::class)
public class Broker @JvmOverloads constructor(
    private val server: StreamServer,
    /** What it was made with; it stays the same while the broker runs. */
    public val options: BrokerOptions = BrokerOptions(),
) : AutoCloseable {
    private val office = Office(options)
    private val reception = Reception(office)
    private val running = AtomicReference<RunningServer?>()
    private val isClosed = AtomicBoolean()

    /**
     * The server that it runs on, with its address, its counts and its events.
     *
     * @throws IllegalStateException before it has been started.
     */
    public val handle: RunningServer get() = checkNotNull(running.get()) { "$this has not been started" }

    /** How it is: as [RunningServer.health], or down before it has been started. */
    public fun health(): Health = running.get()?.health() ?: Health.Down(HealthProblem.NotStarted)

    /** Where it listens. */
    public val address: SocketAddress get() = handle.address

    /** [address] in its canonical form. */
    public val endpoint: Endpoint get() = handle.endpoint

    /**
     * The port of [address].
     *
     * @throws IllegalStateException before it has been started, and if it has none.
     */
    public val port: Int get() = (address as? InetSocketAddress)?.port ?: error("$endpoint has no port")

    /** Who is connected. */
    public val peers: List<ConnectedPeer> get() = office.peers.values.map { it.snapshot() }

    /** What it does, and has done so far. */
    public val stats: BrokerStats get() = office.stats()

    /** Where somebody is registered. */
    @TransportApi
    public val channels: Set<UUID> get() = office.channelIds

    /** [stats] that say how long requests took of the channels [latencyOf] only, which is cheaper. */
    @TransportApi
    public fun stats(latencyOf: Set<UUID>): BrokerStats = office.stats { it in latencyOf }

    /** Counts requests by channels, beyond the time that somebody is registered there. */
    @TransportApi
    public fun tally(): ChannelTally = ChannelTally(office)

    /** What happens here. Hot and without replay; who is over 1 024 events behind loses the oldest. */
    public val events: Flow<BrokerEvent> get() = office.happened.asSharedFlow()

    /**
     * Listens, and returns this as soon as clients can connect. It runs in [scope] until it is closed or shut down, or the scope is
     * cancelled; the scope waits for it.
     *
     * @throws io.hawser.BindFailed if the address cannot be had.
     * @throws IllegalStateException if it has been started or closed before.
     */
    @KotlinOnly
    public suspend fun start(scope: CoroutineScope): Broker {
        check(running.get() == null) { "$this has been started before" }
        check(!isClosed.get()) { "$this has been closed" }
        val started = server.start(scope) { connection -> reception.hold(connection) }
        val isFirst = running.compareAndSet(null, started)
        if (!isFirst || isClosed.get()) {
            started.close()
            error("$this has been " + if (isFirst) "closed" else "started before")
        }
        // ATOMIC: even if the scope is cancelled this instant.
        scope.launch(start = ATOMIC) {
            withContext(NonCancellable) { started.awaitClosed() }
            office.router.close()
        }
        return this
    }

    /** Listens and serves until it is closed or shut down, or the caller cancelled. [onStart] is called as soon as clients can connect. */
    @KotlinOnly
    public suspend fun serve(onStart: (Broker) -> Unit = {}) {
        coroutineScope {
            start(this)
            onStart(this@Broker)
            awaitClosed()
            (handle.state.value as? ServerState.Failed)?.let { throw it.cause }
        }
    }

    /** [stats], at once and then [every] so long, until it has ended. Cold; any number may collect. */
    @JvmSynthetic
    public fun stats(every: Duration): Flow<BrokerStats> {
        require(every.isPositive()) { "every is not positive: $every" }
        return flow {
            while (true) {
                emit(stats)
                if (withTimeoutOrNull(every) { awaitClosed() } != null) break
            }
        }
    }

    /** [stats] for callers with Java's durations. */
    public fun stats(every: java.time.Duration): Flow<BrokerStats> = stats(every.toKotlinDuration())

    /** Disconnects the peer [peerId]; what it asks and answers is lost. False if there is no such peer. */
    public fun disconnect(peerId: Long): Boolean = office.peers[peerId]?.close() != null

    /**
     * Takes no new requests, and tells everybody; when those that there are have been answered, for which there is the [grace], it ends all
     * connections. Returns when nothing of it is left.
     *
     * Any number may call it; the shortest of their graces counts. Cancelling a call leaves it as it is then, taking nothing new.
     *
     * @throws IllegalArgumentException if [grace] is negative.
     */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE) {
        require(!grace.isNegative()) { "grace is negative: $grace" }
        isClosed.set(true)
        office.drain()
        val server = running.get() ?: return
        dispatched {
            withTimeoutOrNull(grace) { server.shutdown(Duration.INFINITE) }
            office.isCut = true
            server.shutdown(Duration.ZERO)
        }
    }

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): Unit = shutdown(grace.toKotlinDuration())

    /** Cuts everybody and ends the broker. Returns at once, from any thread; idempotent. */
    override fun close() {
        isClosed.set(true)
        office.isCut = true
        running.get()?.close()
    }

    /** Suspends until nothing of the broker runs and its address is free. */
    public suspend fun awaitClosed(): Unit = handle.awaitClosed()

    override fun toString(): String = "broker on ${running.get()?.endpoint ?: server.endpoint}"

    public companion object {
        /** The channel on which it tells of itself if [BrokerOptions.remoteStats] are on: its statistics, as JSON, whatever is asked. */
        @JvmField
        public val STATS: UUID = UUID(0, 0)

        private val DEFAULT_GRACE = 25.seconds
    }
}
