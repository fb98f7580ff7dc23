package io.hawser

import io.hawser.event.Events
import io.hawser.event.SocketEvent
import io.hawser.transport.DatagramOpener
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.withTimeoutOrNull

/** Tells whether a datagram answers a request: what was sent before may be answered late, and twice. */
public fun interface Correlator {
    /** Whether [answer] is one to [request]. It is asked on the requester's thread and must not block. */
    public fun answers(request: ByteArray, answer: Datagram): Boolean

    public companion object {
        /** Whatever comes is the answer. */
        @JvmField
        public val first: Correlator = Correlator { _, _ -> true }
    }
}

/** A client of datagrams: whom it talks to, and how. It holds nothing; each socket is its caller's. */
@OptIn(TransportApi::class)
public class DatagramClient @TransportApi constructor(
    /** Whom its sockets talk to. */
    public val endpoint: Endpoint,
    /** How its sockets are opened and used. */
    public val options: DatagramClientOptions,
    private val opener: DatagramOpener,
) {
    private val published = Events(options.listeners)

    /**
     * What happens to the sockets of this client, those of one in order. Hot and without replay: it begins with what happens after the
     * collector came, never waits for one, and drops the oldest where one is over 1 024 events behind. It never completes.
     */
    public val events: Flow<SocketEvent> get() = published.flow

    /** Events that somebody who collects them, or is told of them, did not get because he was too slow. */
    public val droppedEvents: Long get() = published.dropped

    /**
     * Opens a socket of this client's peer, and returns it; the caller closes it. That the peer receives is not known by that. Cancelling
     * it leaves nothing open.
     *
     * @throws ConnectTimeout if the peer's name is not looked up within [DatagramClientOptions.openTimeout].
     * @throws ConnectFailed if there is no such peer, or no way to it.
     */
    public suspend fun open(): DatagramSocket {
        // Held here, because a cancellation on the way back from another thread would drop the result.
        var opened: RawDatagrams? = null
        try {
            return dispatched {
                withTimeoutOrNull(options.openTimeout) { opened = opener.open() }
                val raw = opened ?: throw ConnectTimeout(endpoint, options.openTimeout.toJavaDuration())
                DatagramSocket(raw, options.maxDatagramSize, published)
            }
        } catch (e: Throwable) {
            opened?.close()
            throw e
        }
    }

    /**
     * Whether a socket can be opened just now, which it finds out by doing so, within [timeout], and closes it: up, with the time it took,
     * or down. Whether the peer receives is not known by that. It is a socket of its own: where all of a client have one
     * address, as `bindTo` gives those of Unix, and another has it now, that is why it is down. Cancelling it leaves nothing open.
     */
    @JvmSynthetic
    public suspend fun health(timeout: Duration = 5.seconds): Health = healthBy(endpoint, timeout) { open() }

    /** [health] for callers with Java's durations. */
    public suspend fun health(timeout: java.time.Duration): Health = health(timeout.toKotlinDuration())

    /** Opens a socket, runs [block] in a scope of its own, waits for what it launched, and closes the socket, however the block ends. */
    public suspend fun <R> open(block: suspend CoroutineScope.(DatagramSocket) -> R): R =
        open().use { socket -> coroutineScope { block(socket) } }

    /**
     * One exchange: opens a socket, sends [request], and returns what [answer] returns. The socket is always closed.
     *
     * @throws ExchangeTimeout if all of it together is not over within [timeout].
     */
    @JvmSynthetic
    public suspend fun <R> once(request: ByteArray, timeout: Duration, answer: suspend CoroutineScope.(DatagramSocket) -> R): R {
        requirePositive("timeout", timeout)
        var done: Result<R>? = null
        withTimeoutOrNull(timeout) {
            val result = open { socket ->
                socket.send(request)
                answer(socket)
            }
            done = Result.success(result)
        }
        return (done ?: throw ExchangeTimeout(endpoint, timeout.toJavaDuration())).getOrThrow()
    }

    /** [once] for callers with Java's durations. */
    public suspend fun <R> once(
        request: ByteArray,
        timeout: java.time.Duration,
        answer: suspend CoroutineScope.(DatagramSocket) -> R,
    ): R = once(request, timeout.toKotlinDuration(), answer)

    /**
     * Sends [bytes] from a socket of its own and returns the first datagram that [correlator] takes for the answer; others are left aside.
     * What is not answered within [timeout] is sent again, [retries] times, because datagrams get lost: so the peer may get it several
     * times.
     *
     * @throws PeerUnreachable if nobody received there the last time.
     * @throws ExchangeTimeout if nothing was an answer.
     */
    @JvmSynthetic
    public suspend fun request(
        bytes: ByteArray,
        timeout: Duration = 1.seconds,
        retries: Int = 2,
        correlator: Correlator = Correlator.first,
    ): Datagram {
        requirePositive("timeout", timeout)
        require(retries >= 0) { "retries is negative: $retries" }
        return open { socket ->
            var unreachable: PeerUnreachable? = null
            for (attempt in 0..retries) {
                val began = TimeSource.Monotonic.markNow()
                var answer: Datagram? = null
                unreachable = try {
                    withTimeoutOrNull(timeout) { answer = socket.exchange(bytes, correlator) }
                    null
                } catch (e: PeerUnreachable) {
                    e
                }
                answer?.let { return@open it }
                // Who is just being restarted is not there yet.
                if (unreachable != null && attempt < retries) delay(timeout - began.elapsedNow())
            }
            throw unreachable ?: ExchangeTimeout(endpoint, (timeout * (retries + 1.0)).toJavaDuration())
        }
    }

    /** [request] for callers with Java's durations. */
    @JvmOverloads
    public suspend fun request(
        bytes: ByteArray,
        timeout: java.time.Duration,
        retries: Int = 2,
        correlator: Correlator = Correlator.first,
    ): Datagram = request(bytes, timeout.toKotlinDuration(), retries, correlator)

    override fun toString(): String = "client of $endpoint"

    private suspend fun DatagramSocket.exchange(request: ByteArray, correlator: Correlator): Datagram {
        send(request)
        while (true) {
            val datagram = receive()
            if (correlator.answers(request, datagram)) return datagram
        }
    }
}
