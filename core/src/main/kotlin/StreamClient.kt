package io.hawser

import io.hawser.event.ConnectionEvent
import io.hawser.event.EventTap
import io.hawser.event.Events
import io.hawser.event.SocketEvent
import io.hawser.transport.Connector
import io.hawser.transport.DialGuard
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.hawser.transport.giveUp
import io.hawser.transport.wrap
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** A client of byte streams: whom it connects to, and how. It holds nothing; each connection is its caller's. */
@OptIn(TransportApi::class)
public class StreamClient private constructor(
    /** Whom it connects to, as failures and events name it. */
    public val endpoint: Endpoint,
    /** How it connects, and what its connections keep to. */
    public val options: ClientOptions,
    /** How it connects, beneath its layers. */
    @property:TransportApi public val connector: Connector,
    private val layers: List<Layer>,
    private val guards: List<DialGuard>,
) {
    private val published = Events(options.listeners)
    private val plain = Dial(options, published)

    /** A client that connects as [connector] does, and puts [layers] on top. */
    @TransportApi
    @JvmOverloads
    public constructor(endpoint: Endpoint, options: ClientOptions, connector: Connector, layers: List<Layer> = emptyList()) :
        this(endpoint, options, connector, layers, guards = emptyList())

    /**
     * What happens to the connections of this client, those of one in order. Hot and without replay: it begins with what happens
     * after the collector came, never waits for one, and drops the oldest where one is over 1 024 events behind. It never completes.
     */
    public val events: Flow<SocketEvent> get() = published.flow

    /** Has [tap] be told of [events] where they happen, until that is closed. */
    @TransportApi
    public fun tap(tap: EventTap): AutoCloseable = published.tap(tap)

    /** Events that somebody who collects them, or is told of them, did not get because he was too slow. */
    public val droppedEvents: Long get() = published.dropped

    /** The same client with [layer] on top of each connection, and with events of its own. */
    @TransportApi
    public fun through(layer: Layer): StreamClient = through(layer, endpoint)

    /** As the other, by the name of [endpoint] from now on; whom it connects to stays. */
    @TransportApi
    public fun through(layer: Layer, endpoint: Endpoint): StreamClient =
        StreamClient(endpoint, options, connector, layers + layer, guards)

    /** The same client, connecting as [connector] does beneath its layers, and with events of its own. */
    @TransportApi
    public fun over(connector: Connector): StreamClient = StreamClient(endpoint, options, connector, layers, guards)

    /** The same client, asking [guard] first before each connection, once, and with events of its own. */
    @TransportApi
    public fun guardedBy(guard: DialGuard): StreamClient =
        StreamClient(endpoint, options, connector, layers, listOf(guard) + (guards - guard))

    /**
     * Connects, and returns the connection, which the caller closes. Cancelling it leaves nothing open.
     *
     * @throws ConnectTimeout after [ClientOptions.connectTimeout].
     * @throws ConnectFailed if there is nobody to talk to.
     * @throws HandshakeTimeout if a layer, such as TLS, is not ready after [ConnectionOptions.handshakeTimeout].
     */
    public suspend fun connect(): Connection = connect(plain)

    /** [connect] as [dial] says. */
    internal suspend fun connect(dial: Dial): Connection = pass(0, dial)

    /** Asks the guards from [index] on. */
    private suspend fun pass(index: Int, dial: Dial): Connection =
        guards.getOrNull(index)?.dial(endpoint) { pass(index + 1, dial) } ?: open(dial)

    /** As this client connects by itself, with connections that tell of [draining]. */
    internal fun dial(draining: StateFlow<Boolean>): Dial = Dial(options, published, draining = draining)

    private suspend fun open(dial: Dial): Connection {
        val id = Terms.nextId()
        dial.events.publish { ConnectionEvent.Dialing(id, connector.remote) }
        // Held here, because a cancellation on the way back from another thread would drop the result.
        var opened: RawStream? = null
        var connection: Connection? = null
        try {
            return dispatched {
                val failures = ConcurrentLinkedQueue<ConnectFailed>()
                withTimeoutOrNull(dial.connectTimeout) { opened = connector.connect(dial.socket, failures::add) }
                val stream = opened ?: throw ConnectTimeout(endpoint, dial.connectTimeout.toJavaDuration()).also { timeout ->
                    failures.forEach(timeout::addSuppressed)
                }
                val wrapped = layers.wrap(stream, dial.handshakeTimeout).also { opened = it }
                dial.events.publish { ConnectionEvent.Opened(id, wrapped.local, wrapped.remote) }
                val terms = dial.terms(id)
                Connection(terms.throttled(wrapped), terms).also { connection = it }
            }
        } catch (e: Throwable) {
            connection?.abort() ?: run {
                opened?.giveUp(e)
                dial.events.publish { ConnectionEvent.Failed(id, opened?.local, opened?.remote ?: connector.remote, e) }
            }
            throw e
        }
    }

    /**
     * How it is to connect just now, which it finds out by doing so, within [timeout], with its layers, and closes the connection: up, with
     * the time it took, or down. A circuit breaker before it is neither asked nor told, so that who only looks takes nobody's trial. Cancelling
     * it leaves nothing open.
     */
    @JvmSynthetic
    public suspend fun health(timeout: Duration = 5.seconds): Health = healthBy(endpoint, timeout) { open(plain) }

    /** [health] for callers with Java's durations. */
    public suspend fun health(timeout: java.time.Duration): Health = health(timeout.toKotlinDuration())

    /**
     * Connects, runs [block] in a scope of the connection's own, waits for what it launched, and closes the connection, however the
     * block ends.
     *
     * @throws ConnectTimeout after [ClientOptions.connectTimeout].
     * @throws ConnectFailed if there is nobody to talk to.
     * @throws HandshakeTimeout if a layer, such as TLS, is not ready after [ConnectionOptions.handshakeTimeout].
     */
    public suspend fun <R> connect(block: suspend CoroutineScope.(Connection) -> R): R =
        connect().use { connection -> coroutineScope { block(connection) } }

    /**
     * One exchange: connects, sends [request] while [answer] already reads, and returns what that returns when all has been sent. The
     * connection is always closed. For a peer that reads to the end before it answers, [answer] calls [Connection.shutdownOutput]
     * first, which waits for the request.
     *
     * @throws ExchangeTimeout if all of it together is not over within [timeout].
     * @throws ConnectFailed if there is nobody to talk to.
     */
    @JvmSynthetic
    public suspend fun <R> once(request: ByteArray, timeout: Duration, answer: suspend CoroutineScope.(Connection) -> R): R {
        requirePositive("timeout", timeout)
        var done: Result<R>? = null
        withTimeoutOrNull(timeout) {
            val result = connect { connection ->
                // At once, so that it comes before whatever the answer writes or ends.
                launch(start = UNDISPATCHED) { connection.write(ByteBuffer.wrap(request)) }
                answer(connection)
            }
            done = Result.success(result)
        }
        return (done ?: throw ExchangeTimeout(endpoint, timeout.toJavaDuration())).getOrThrow()
    }

    /** [once] for callers with Java's durations. */
    public suspend fun <R> once(
        request: ByteArray,
        timeout: java.time.Duration,
        answer: suspend CoroutineScope.(Connection) -> R,
    ): R = once(request, timeout.toKotlinDuration(), answer)

    override fun toString(): String = "client of $endpoint"
}
