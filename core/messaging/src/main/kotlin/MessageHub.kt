package io.hawser.messaging

import io.hawser.Endpoint
import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.KotlinOnly
import io.hawser.ReadTimeout
import io.hawser.RunningServer
import io.hawser.StreamServer
import io.hawser.event.ServerState
import io.hawser.messaging.hub.Member
import io.hawser.messaging.hub.Members
import io.hawser.messaging.hub.Reception
import io.hawser.messaging.hub.Round
import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.time.Clock
import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicReference
import java.util.function.Predicate
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * Sends messages about one event to whoever is connected to a server, and takes what they send. It runs once, in the scope of [start] or
 * for as long as [serve] is called.
 *
 * A message is encoded once, and each client has a queue of its own: one that takes nothing holds up nobody but, under
 * [WhenSlow.Suspend], who sends. While nobody is connected messages go to a backlog, which whoever comes first gets before all else.
 *
 * Any number may send, from any thread. Messages reach every client in the order in which they were sent.
 *
 * @sample io.hawser.samples.documentation.messageHub
 */
@OptIn(TransportApi::class)
public class MessageHub @JvmOverloads constructor(
    private val server: StreamServer,
    /** The event that all of its messages are about. */
    public val event: String,
    /** What it allows and keeps. */
    public val options: HubOptions = HubOptions(),
    private val listener: HubListener = object : HubListener {},
) : AutoCloseable {
    private val codec = MessageCodec(options.maxFrame)
    private val clock = Clock.system(options.zone)
    private val members = Members(options)
    private val reception = Reception(event, options, codec, clock, members, listener)
    private val running = AtomicReference<RunningServer?>()
    private val isClosed = AtomicBoolean()

    /** Held by who sends where senders wait for slow clients, so that all clients get messages in the same order. */
    private val turn = if (options.whenSlow == WhenSlow.Suspend) Mutex() else null

    init {
        requireEventName(event)
    }

    /** Who is connected, in the order in which they came. Hot; the last value stays. */
    public val clients: StateFlow<List<ConnectedClient>> get() = members.clients.asStateFlow()

    /**
     * What clients have sent, each message to one collector. Hot: up to [HubOptions.maxReceived] wait for one, and
     * [HubOptions.whenReceivedFull] says what happens to more. It completes when the hub has ended.
     */
    public val received: Flow<ReceivedMessage> get() = reception.received

    /** What happens here. Hot and without replay; who is over 1 024 events behind loses the oldest. */
    public val events: Flow<HubEvent> get() = reception.events

    /** Messages that wait for the first client. */
    public val backlogSize: Int get() = members.backlogSize

    /** Messages that nobody has got, because nobody came in time. */
    public val backlogDropped: Long get() = members.backlogDropped

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
     * Listens, and returns this as soon as clients can connect. It runs in [scope] until it is closed or shut down, or the scope is
     * cancelled; the scope waits for it.
     *
     * @throws io.hawser.BindFailed if the address cannot be had.
     * @throws IllegalStateException if it has been started before.
     */
    @KotlinOnly
    public suspend fun start(scope: CoroutineScope): MessageHub {
        check(running.get() == null) { "$this has been started before" }
        check(!isClosed.get()) { "$this has been closed" }
        val started = server.start(scope) { connection -> reception.hold(connection) }
        val isFirst = running.compareAndSet(null, started)
        if (isFirst) reception.endWith(scope, started)
        if (!isFirst || isClosed.get()) {
            started.close()
            error("$this has been " + if (isFirst) "closed" else "started before")
        }
        return this
    }

    /** Listens and serves until it is closed or shut down, or the caller cancelled. [onStart] is called as soon as clients can connect. */
    @KotlinOnly
    public suspend fun serve(onStart: (MessageHub) -> Unit = {}) {
        coroutineScope {
            start(this)
            onStart(this@MessageHub)
            awaitClosed()
            (handle.state.value as? ServerState.Failed)?.let { throw it.cause }
        }
    }

    /**
     * Sends [data] to every client, or keeps it in the backlog if there is none. Returns as soon as all queues have taken or refused it;
     * it waits only under [WhenSlow.Suspend]. Cancelled while it waits, it has reached those clients that had room.
     *
     * @throws IllegalArgumentException for what in [data] cannot be said.
     * @throws io.hawser.FrameTooLarge over [HubOptions.maxFrame].
     */
    @JvmOverloads
    public suspend fun broadcast(data: Map<String, Any?>, type: MessageType = MessageType.DATA): SendResult =
        inTurn {
            val message = encoded(data, type)
            val result = settled(message, members.offerAll(message))
            // Who had no room has left while we waited: then there is nobody, or somebody else.
            if (result == SendResult.NoSuchClient) settled(message, members.offerAll(message, isNew = false)) else result
        }

    /** Sends [data] to every client that [to] matches; otherwise as for all, but nothing is kept for later. */
    @JvmOverloads
    public suspend fun broadcast(
        data: Map<String, Any?>,
        type: MessageType = MessageType.DATA,
        to: Predicate<ConnectedClient>,
    ): SendResult {
        return sendTo(members.matching(to::test), data, type)
    }

    /** Sends [data] to every client in [group]; otherwise as by a predicate. */
    @JvmOverloads
    public suspend fun broadcastToGroup(group: String, data: Map<String, Any?>, type: MessageType = MessageType.DATA): SendResult =
        broadcast(data, type) { group in it.groups }

    /** Sends [data] to the client [clientId]; otherwise as by a predicate. */
    @JvmOverloads
    public suspend fun send(clientId: String, data: Map<String, Any?>, type: MessageType = MessageType.DATA): SendResult =
        sendTo(listOfNotNull(members[clientId]), data, type)

    /**
     * Takes the next of [received], waiting for it.
     *
     * @throws ReadTimeout if none comes within [timeout].
     * @throws HubClosed once it has ended and all that came has been taken.
     */
    @JvmSynthetic
    public suspend fun receive(timeout: Duration = Duration.INFINITE): ReceivedMessage {
        val place = running.get()?.endpoint ?: server.endpoint
        return reception.receive(timeout) { ReadTimeout(place, timeout.toJavaDuration()) } ?: throw HubClosed(place)
    }

    /** [receive] for callers with Java's durations. */
    public suspend fun receive(timeout: java.time.Duration): ReceivedMessage = receive(timeout.toKotlinDuration())

    /** Puts the client [clientId] in [group]. False if there is no such client. */
    public fun join(clientId: String, group: String): Boolean = regroup(clientId) { it + group }

    /** Takes the client [clientId] out of [group]. False if there is no such client. */
    public fun leave(clientId: String, group: String): Boolean = regroup(clientId) { it - group }

    /** Disconnects the client [clientId]; what waits for it is lost. False if there is no such client. */
    public fun disconnect(clientId: String): Boolean = members[clientId]?.connection?.close() != null

    /**
     * Tells the clients, takes no new ones, lets what waits for them leave, up to [grace], then cuts what is left. Returns when nothing of
     * the hub is left.
     *
     * @throws IllegalArgumentException if [grace] is negative.
     */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE) {
        require(!grace.isNegative()) { "grace is negative: $grace" }
        isClosed.set(true)
        val goodbye = encoded(mapOf(Control.SHUTDOWN to true), MessageType.CONTROL)
        members.close().forEach { it.queue.close(last = goodbye) }
        running.get()?.shutdown(grace) ?: reception.end()
    }

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): Unit = shutdown(grace.toKotlinDuration())

    /** Cuts everybody and ends the hub. Returns at once, from any thread; idempotent. */
    override fun close() {
        isClosed.set(true)
        members.close()
        running.get()?.close() ?: reception.end()
    }

    /** Suspends until nothing of the hub runs and its address is free. */
    public suspend fun awaitClosed(): Unit = handle.awaitClosed()

    override fun toString(): String = "hub of $event on ${running.get()?.endpoint ?: server.endpoint}"

    private fun encoded(data: Map<String, Any?>, type: MessageType): ByteBuffer =
        codec.encode(Message.of(event, data, type, clock), server.endpoint).single()

    private suspend fun sendTo(chosen: List<Member>, data: Map<String, Any?>, type: MessageType): SendResult = inTurn {
        val message = encoded(data, type)
        settled(message, members.offer(message, chosen))
    }

    private suspend fun inTurn(send: suspend () -> SendResult): SendResult = dispatched { turn?.withLock { send() } ?: send() }

    private suspend fun settled(message: ByteBuffer, round: Round): SendResult {
        for (member in round.full.toList()) round.note(member, member.queue.put(message))
        round.overflowed.forEach { it.connection.close() }
        return round.result()
    }

    private fun regroup(clientId: String, change: (Set<String>) -> Set<String>): Boolean {
        val client = members[clientId]?.client ?: return false
        synchronized(client) { client.groups = change(client.groups) }
        return true
    }

    private companion object {
        val DEFAULT_GRACE = 25.seconds
    }
}
