package io.hawser.messaging

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.hawser.Health
import io.hawser.KotlinOnly
import io.hawser.MalformedFrame
import io.hawser.ReadTimeout
import io.hawser.StreamClient
import io.hawser.framing.framed
import io.hawser.reconnect.DoNotReconnect
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.LinkStopped
import io.hawser.reconnect.ReconnectingClient
import io.hawser.reconnect.SendOutcome
import io.hawser.reconnect.reconnecting
import io.hawser.transport.TransportApi
import java.time.Clock
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A client of a [MessageHub], or of whatever speaks as one does, that stays connected: when the connection ends, however it does, it
 * makes another one. It runs once, in the scope of [start].
 *
 * @sample io.hawser.samples.documentation.messageHub
 */
@OptIn(DelicateCoroutinesApi::class, TransportApi::class)
public class HubClient @JvmOverloads constructor(
    client: StreamClient,
    /** The event whose messages it takes and sends; that of the hub has to be the same. */
    public val event: String,
    /** How it connects, and what it keeps. */
    public val options: HubClientOptions = HubClientOptions(),
) : AutoCloseable {
    private val codec = MessageCodec(options.maxFrame)
    private val clock = Clock.system(options.zone)
    private val link: ReconnectingClient = client.reconnecting(options.link.greeting { greet(it) })
    private val inbox = Inbox<Message>(options.maxMessages, options.maxMessageBytes) { it.weight }
    private val happened = MutableSharedFlow<HubClientEvent>(extraBufferCapacity = EVENTS, onBufferOverflow = BufferOverflow.DROP_OLDEST)
    private val begun = AtomicBoolean()

    /** What the hub answered its greeting with, if that was a message: the first one of the session that begins next. */
    @Volatile
    private var first: Message? = null

    init {
        requireEventName(event)
    }

    /** Whom it connects to. */
    public val endpoint: Endpoint get() = link.endpoint

    /** Where it is in its life. Hot; the last value stays. */
    public val state: StateFlow<LinkState> get() = link.state

    /** What it hears beside messages. Hot and without replay; who is over 64 events behind loses the oldest. */
    public val events: Flow<HubClientEvent> get() = happened.asSharedFlow()

    /** How it is, by its [state], as [io.hawser.reconnect.ReconnectingClient.health] says. */
    public fun health(): Health = link.health()

    /** Why it gave up, or null while it has not, and if it was told to stop. */
    public val cause: Throwable? get() = link.cause

    /**
     * What the hub sends, but for CONTROL, in order. Hot, and each message goes to one collector: up to [HubClientOptions.maxMessages] wait
     * for one, and then the hub has to. One about another event is a [WrongEvent], which has the client connect again. It completes when the
     * client has stopped and all that came has been taken.
     */
    public val messages: Flow<Message> get() = inbox

    /**
     * Connects in [scope], again and again until it is stopped. Returns at once, with this. The scope waits for it.
     *
     * @throws IllegalStateException if it has been started or closed before.
     */
    @KotlinOnly
    public fun start(scope: CoroutineScope): HubClient = apply {
        link.start(scope) { connection -> converse(connection) }
        begun.set(true)
        // ATOMIC: whoever collects is told even if the scope is cancelled this instant.
        scope.launch(start = ATOMIC) {
            withContext(NonCancellable) { link.join() }
            inbox.close()
        }
    }

    /**
     * Takes the next of [messages], waiting for it.
     *
     * @throws ReadTimeout if none comes within [timeout].
     * @throws LinkStopped once it has stopped and all that came has been taken.
     */
    @JvmSynthetic
    public suspend fun receive(timeout: Duration = Duration.INFINITE): Message =
        inbox.next(timeout) { ReadTimeout(endpoint, timeout.toJavaDuration()) } ?: throw LinkStopped(endpoint, cause)

    /** [receive] for callers with Java's durations. */
    public suspend fun receive(timeout: java.time.Duration): Message = receive(timeout.toKotlinDuration())

    /**
     * Sends [data] to the hub, as [ReconnectingClient.send] does: queued while nobody is connected, never twice.
     *
     * @throws IllegalArgumentException for what in [data] cannot be said.
     * @throws io.hawser.FrameTooLarge over [HubClientOptions.maxFrame].
     * @throws LinkStopped once it has stopped.
     */
    @JvmOverloads
    public suspend fun send(data: Map<String, Any?>, type: MessageType = MessageType.DATA): SendOutcome = link.send(encoded(data, type))

    /**
     * Suspends until it is connected. Cancelling the wait changes nothing.
     *
     * @throws io.hawser.ConnectTimeout if it is not within [timeout]; what the last attempt failed with is suppressed in it.
     * @throws LinkStopped once it has stopped.
     */
    @JvmSynthetic
    public suspend fun awaitConnected(timeout: Duration = Duration.INFINITE): Unit = link.withConnection(timeout) {}

    /** [awaitConnected] for callers with Java's durations. */
    public suspend fun awaitConnected(timeout: java.time.Duration): Unit = awaitConnected(timeout.toKotlinDuration())

    /** Connects no more, and waits up to [grace] until what waits to be sent has left. Returns when nothing of it is left. */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE) {
        link.shutdown(grace)
        if (!begun.get()) inbox.close()
    }

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): Unit = shutdown(grace.toKotlinDuration())

    /** Closes the connection and connects no more. Returns at once; idempotent. */
    override fun close() {
        link.close()
        if (!begun.get()) inbox.close()
    }

    /** Suspends until it has stopped and nothing of it is left. */
    public suspend fun join(): Unit = link.join()

    override fun toString(): String = "client of the hub of $event at $endpoint"

    private suspend fun converse(connection: Connection): Unit = coroutineScope {
        val reading = launch { read(connection) }
        val end = launch {
            connection.draining.first { it }
            reading.cancel()
        }
        reading.join()
        end.cancel()
    }

    /**
     * Asks the hub who it is. What it says first tells whether it has a place for this client: before that, nothing is sent that would be
     * lost with a refusal, which is short.
     */
    private suspend fun greet(connection: Connection) {
        first = null
        if (options.pingEvery.isInfinite()) return
        val frames = connection.framed(codec)
        var answer: Result<Message?>? = null
        try {
            withTimeoutOrNull(options.pingTimeout) {
                frames.sendAll(listOf(control(Control.HELLO, true), control(Control.PING, clock.millis())))
                answer = Result.success(frames.receive())
            }
        } catch (e: MalformedFrame) {
            happened.tryEmit(HubClientEvent.Malformed(e))
            return
        } catch (e: FrameTooLarge) {
            throw tooLarge(e)
        }
        // A long message on a slow line is no silence.
        if (answer == null && connection.bytesRead > 0) return
        val message = (answer ?: throw ReadTimeout(endpoint, options.pingTimeout.toJavaDuration())).getOrThrow()
        if (message == null || (isControl(message) && message.data[Control.SHUTDOWN] == true)) {
            throw ConnectionClosed(connection.endpoint, CloseReason.Peer)
        }
        if (message.type != MessageType.CONTROL) first = message
    }

    private suspend fun read(connection: Connection) {
        val frames = connection.framed(codec)
        if (first != null) inbox.awaitRoom()
        first?.let(inbox::append)
        first = null
        while (true) {
            // Before it is read, so that nobody is cancelled with a message in his hand.
            inbox.awaitRoom()
            val message = try {
                heard(connection) { frames.receive() } ?: return
            } catch (e: MalformedFrame) {
                // The hub's mistake, which is over: the next one can be received.
                happened.tryEmit(HubClientEvent.Malformed(e))
                continue
            } catch (e: FrameTooLarge) {
                throw tooLarge(e)
            }
            if (!isControl(message)) inbox.append(message)
        }
    }

    /** Obeys [message] if it is about the exchange itself. */
    private fun isControl(message: Message): Boolean {
        if (message.eventName != event) throw WrongEvent(endpoint, event, message.eventName)
        if (message.type != MessageType.CONTROL) return false
        val refusal = message.data[Control.REFUSED] as? String
        if (refusal == Control.TOO_MANY_CLIENTS) throw HubRefused(endpoint, refusal)
        if (refusal != null) happened.tryEmit(HubClientEvent.SendRefused(refusal))
        if (message.data[Control.SHUTDOWN] == true) happened.tryEmit(HubClientEvent.ShuttingDown)
        (message.data[Control.HELLO] as? Map<*, *>)?.let { hub ->
            val maxFrame = hub["max_frame"] as? Long ?: Long.MAX_VALUE
            happened.tryEmit(HubClientEvent.Welcomed("${hub["id"]}", maxFrame, hub["may_send"] != false))
        }
        return true
    }

    /** What [receive] returns; if nothing comes for long, the hub is asked, and if it says nothing then, it is gone. */
    private suspend fun heard(connection: Connection, receive: suspend () -> Message?): Message? {
        var result: Result<Message?>? = null
        while (true) {
            val before = connection.bytesRead
            withTimeoutOrNull(options.pingEvery) { result = Result.success(receive()) }
            result?.let { return it.getOrThrow() }
            // A long message on a slow line is no silence.
            if (connection.bytesRead > before) continue
            connection.framed(codec).send(control(Control.PING, clock.millis()))
            withTimeoutOrNull(options.pingTimeout) { result = Result.success(receive()) }
            result?.let { return it.getOrThrow() }
            if (connection.bytesRead == before) {
                throw ReadTimeout(endpoint, (options.pingEvery + options.pingTimeout).toJavaDuration())
            }
        }
    }

    private fun tooLarge(cause: FrameTooLarge) = DoNotReconnect("what the hub sends is too large, and would be again", cause)

    private fun control(key: String, value: Any): Message = Message.of(event, mapOf(key to value), MessageType.CONTROL, clock)

    private fun encoded(data: Map<String, Any?>, type: MessageType): ByteArray {
        val bytes = codec.encode(Message.of(event, data, type, clock), endpoint).single()
        return ByteArray(bytes.remaining()).also { bytes.get(it) }
    }

    private companion object {
        const val EVENTS = 64
        val DEFAULT_GRACE = 25.seconds
    }
}
