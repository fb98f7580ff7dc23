package io.hawser.reconnect

import io.hawser.ConnectTimeout
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.KotlinOnly
import io.hawser.StreamClient
import io.hawser.dispatched
import io.hawser.event.EventTap
import io.hawser.event.Events
import io.hawser.event.LinkEvent
import io.hawser.event.SocketEvent
import io.hawser.requirePositive
import io.hawser.runsInline
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A client that stays connected: whenever its connection ends, it makes another one, as [LinkOptions] say, and has the session run
 * with that. Made by [reconnecting]; it runs once, in the scope of [start] or for as long as [keep] is called.
 *
 * It ends by [close] or [shutdown], with its scope, by a [DoNotReconnect], or when a policy or a hook gives up; [cause] tells why. What
 * its scope was cancelled for is its cause too.
 */
@OptIn(TransportApi::class, DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
public class ReconnectingClient internal constructor(
    private val clients: List<StreamClient>,
    options: LinkOptions,
) : AutoCloseable {
    private val published = Events(clients.flatMap { it.options.listeners }.distinct())
    private val current = MutableStateFlow<LinkState>(LinkState.Idle)
    private val drains = MutableStateFlow(false)
    private val outbox = LinkOutbox(options.outbox)
    private val beginning = AtomicReference<Job?>()

    /** Why it ends; the first reason stays. */
    private val ending = AtomicReference<Ending?>()

    /** Completed when it is not to connect again. */
    private val stopping = Job()

    /** Completed as the last thing of all. */
    private val ended = Job()

    @Volatile
    private var wanted = options

    @Volatile
    private var lastFailure: Throwable? = null

    /** Whom it connects to; the first one, if there are several. */
    public val endpoint: Endpoint get() = clients.first().endpoint

    /** The options of the next attempt. */
    public val options: LinkOptions get() = wanted

    /** Where it is in its life. Hot; the last value stays. Who is slower than it changes misses what was in between. */
    public val state: StateFlow<LinkState> = current.asStateFlow()

    /** Why it gave up, or null while it has not, and if it was told to stop. */
    public val cause: Throwable? get() = (state.value as? LinkState.Stopped)?.cause

    /** How it is by its [state], without waiting; any thread: up while it is connected, degraded if it shuts down then, else down. */
    public fun health(): Health = when (val state = state.value) {
        LinkState.Idle -> Health.Down(HealthProblem.NotStarted)
        is LinkState.Connecting -> Health.Down(HealthProblem.NotConnected(state.attempt, lastFailure))
        is LinkState.Connected -> if (drains.value) Health.Degraded(listOf(HealthProblem.Draining)) else Health.Up()
        is LinkState.Waiting -> Health.Down(HealthProblem.NotConnected(state.attempt, state.cause))
        is LinkState.Stopped -> Health.Down(HealthProblem.Ended(state.cause))
    }

    /**
     * Every change of its state, and what happens to its connections, in order. Hot and without replay: it begins with what happens after
     * the collector came, never waits for one, and drops the oldest where one is over 1 024 events behind. It completes when the link has
     * stopped. Listeners of the clients it was made of are told too.
     */
    public val events: Flow<SocketEvent> get() = published.flow

    /** Has [tap] be told of [events] where they happen, until that is closed or the link has stopped. */
    @TransportApi
    public fun tap(tap: EventTap): AutoCloseable = published.tap(tap)

    /** Events that somebody who collects them, or is told of them, did not get because he was too slow. */
    public val droppedEvents: Long get() = published.dropped

    /** Messages that wait for a connection. */
    public val queuedMessages: Int get() = outbox.size

    /** Messages given to [send] that were not sent and will not be. */
    public val droppedMessages: Long get() = outbox.dropped

    /**
     * Connects in [scope], again and again until it is stopped, and has [session] run with each connection in a scope of that
     * connection's own. Returns at once, with this.
     *
     * When [session] returns, what it launched is awaited and the connection closed; when it fails, the connection is closed. Either way
     * the next one is made. A session that goes on after its connection has ended, because it waits for something else, is cancelled when it
     * has had as long as a handshake may take. A link that gives up does not cancel [scope]: [state] tells. The scope waits for the link.
     *
     * @throws IllegalStateException if it has been started or stopped before, or [scope] has ended.
     */
    @KotlinOnly
    public fun start(scope: CoroutineScope, session: suspend CoroutineScope.(Connection) -> Unit): ReconnectingClient = apply {
        check(scope.isActive) { "the scope that $this was to run in has ended" }
        check(stopping.isActive) { "$this has been stopped" }
        check(beginning.compareAndSet(null, Job())) { "$this has been started before" }
        val context = if (scope.coroutineContext.runsInline) Dispatchers.Default + CoroutineName("$this") else CoroutineName("$this")
        // ATOMIC: it begins even if the scope is cancelled this instant, so that it comes to an end that others can see.
        val job = scope.launch(context, ATOMIC) {
            // At once when the scope is cancelled: whoever closes the link afterwards is not the reason.
            launch(Dispatchers.Unconfined, UNDISPATCHED) {
                try {
                    ended.join()
                } catch (e: CancellationException) {
                    stop(Ending(e.origin(), isCut = false))
                    throw e
                }
            }
            live(session)
        }
        beginning.set(job)
        // Closed while it was being started.
        if (ending.get()?.isCut == true) job.cancel()
    }

    /**
     * As [start], and suspends until the link has been stopped: then nothing of it is left. Cancelling the call stops it.
     *
     * @throws Throwable the [cause] it gave up for; a cancellation that a hook or a session made up is the cause of a [LinkStopped].
     */
    @KotlinOnly
    public suspend fun keep(session: suspend CoroutineScope.(Connection) -> Unit) {
        coroutineScope { start(this, session) }
        cause?.let { throw if (it is CancellationException) LinkStopped(endpoint, it) else it }
    }

    /**
     * Suspends until it is connected, and returns the connection, which is the session's: whoever reads from it competes with that.
     * Cancelling the wait changes nothing.
     *
     * @throws LinkStopped once it has stopped.
     */
    public suspend fun awaitConnected(): Connection = dispatched {
        val now = current.first { it is LinkState.Stopped || (it is LinkState.Connected && it.connection.isOpen) }
        (now as? LinkState.Connected)?.connection ?: throw LinkStopped(endpoint, cause)
    }

    /**
     * Waits up to [timeout] for a connection, has [block] use it beside the session, and returns what that returns. If the connection
     * ends meanwhile, the calls of [block] fail.
     *
     * @throws ConnectTimeout if it is not connected within [timeout]; what the last attempt failed with is suppressed in it.
     * @throws LinkStopped once it has stopped.
     */
    @JvmSynthetic
    public suspend fun <R> withConnection(timeout: Duration, block: suspend CoroutineScope.(Connection) -> R): R {
        requirePositive("timeout", timeout)
        var connection: Connection? = null
        dispatched { withTimeoutOrNull(timeout) { connection = awaitConnected() } }
        val lent = connection ?: throw ConnectTimeout(endpoint, timeout.toJavaDuration()).also { late ->
            lastFailure?.let(late::addSuppressed)
        }
        return coroutineScope { block(lent) }
    }

    /** [withConnection] for callers with Java's durations. */
    public suspend fun <R> withConnection(timeout: java.time.Duration, block: suspend CoroutineScope.(Connection) -> R): R =
        withConnection(timeout.toKotlinDuration(), block)

    /**
     * Sends [bytes] as one write, behind everything sent before: at once if it is connected, and then it returns when the transport has
     * taken them; if it is not, they are queued as [LinkOptions.outbox] allows. Nothing is ever sent twice.
     *
     * Any number may send, beside the session, which writes in between. Once the session has ended its output, or put a layer over the
     * connection, messages wait for the next one. Cancelled while the message waits, it is not sent; later it may be.
     *
     * @throws LinkStopped once it has stopped.
     */
    public suspend fun send(bytes: ByteArray): SendOutcome {
        return dispatched { outbox.send(bytes) } ?: throw LinkStopped(endpoint, ending.get()?.cause)
    }

    /** Has the next attempt, and what follows it, be as [options] say. It does not shorten a wait, nor touch a connection. Any thread. */
    public fun reload(options: LinkOptions) {
        wanted = options
    }

    /**
     * Connects no more, tells the session by [Connection.draining], waits up to [grace] until it has ended by itself and what waits to be
     * sent has left, then closes the connection and cancels the session. Returns when nothing of the link is left.
     *
     * Any number may call it; the shortest of their graces counts. Cancelling a call leaves the link stopping. A session that calls it
     * waits for itself, and is cut.
     */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE) {
        require(!grace.isNegative()) { "grace is negative: $grace" }
        dispatched {
            stop(Ending(cause = null, isCut = false))
            drains.value = true
            withTimeoutOrNull(grace) { ended.join() } ?: close()
            ended.join()
        }
    }

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): Unit = shutdown(grace.toKotlinDuration())

    /** Closes the connection, cancels the session and connects no more. Returns at once, from any thread; idempotent. */
    override fun close() {
        stop(Ending(cause = null, isCut = true))
        (current.value as? LinkState.Connected)?.connection?.close()
        beginning.get()?.cancel()
    }

    /** Suspends until it has stopped and nothing of it is left. Cancelling the wait changes nothing. */
    public suspend fun join(): Unit = dispatched { ended.join() }

    override fun toString(): String = "link to " + clients.joinToString { "${it.endpoint}" }

    private class Ending(val cause: Throwable?, val isCut: Boolean)

    private fun stop(why: Ending) {
        ending.updateAndGet { first ->
            when {
                first == null -> why
                why.isCut -> Ending(first.cause, isCut = true)
                else -> first
            }
        }
        stopping.complete()
        // Never started: there is nobody else to say so.
        if (beginning.compareAndSet(null, Job())) end()
    }

    private suspend fun live(session: suspend CoroutineScope.(Connection) -> Unit) {
        val cycles = Cycles(clients, { wanted }, published, drains.asStateFlow(), outbox, stopping, ::show)
        try {
            val cause = cycles.run(session)
            stop(Ending(cause, isCut = false))
        } catch (e: Throwable) {
            stop(Ending(if (e is CancellationException) e.origin() else e, isCut = false))
        } finally {
            end()
        }
    }

    /** What a scope was cancelled for. */
    private fun CancellationException.origin(): Throwable =
        generateSequence<Throwable>(this) { it.cause }.firstOrNull { it !is CancellationException } ?: this

    private fun show(state: LinkState) {
        if (state is LinkState.Waiting) lastFailure = state.cause
        published.publish { LinkEvent.StateChanged(endpoint, state) }
        current.value = state
    }

    private fun end() {
        outbox.close()
        val stopped = LinkState.Stopped(ending.get()?.cause)
        published.complete(LinkEvent.StateChanged(endpoint, stopped))
        current.value = stopped
        ended.complete()
    }

    private companion object {
        val DEFAULT_GRACE = 25.seconds
    }
}
