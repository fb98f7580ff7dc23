package io.hawser

import io.hawser.event.Events
import io.hawser.event.ServerEvent
import io.hawser.event.ServerState
import io.hawser.event.SocketEvent
import io.hawser.server.AcceptLoop
import io.hawser.server.Connections
import io.hawser.server.Conversation
import io.hawser.server.Doorkeeper
import io.hawser.transport.Layer
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.net.InetSocketAddress
import java.net.SocketAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A server that listens, or did. It belongs to the scope it was started in and ends with it.
 *
 * There are three ways to end it: [close] cuts everything at once, [shutdown] lets the handlers finish first, and cancelling its scope
 * cancels the handlers. [stopAccepting] alone ends it with its last connection.
 */
@OptIn(TransportApi::class, DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
public class RunningServer internal constructor(
    private val listener: Listener,
    private val options: ServerOptions,
    layers: List<Layer>,
    handler: suspend CoroutineScope.(Connection) -> Unit,
) : AutoCloseable {
    private val published = Events(options.listeners)
    private val current = MutableStateFlow<ServerState>(ServerState.Listening(listener.address))
    private val drains = MutableStateFlow(false)
    private val open = Connections(options.onDrain, countsHosts = options.maxConnectionsPerHost < Int.MAX_VALUE)
    private val doorkeeper = Doorkeeper(options, listener.admission, open)
    private val conversation =
        Conversation(listener.address, options, layers, open, doorkeeper, published, drains.asStateFlow(), handler)

    /** Completed when nothing more is to be accepted. */
    private val stopping = Job()

    /** Completed as the last thing of all, when nothing of the server is left. */
    private val ended = CompletableDeferred<ShutdownReport>()

    @Volatile
    private var job: Job? = null

    /** Where it listens, with the real port. */
    public val address: SocketAddress get() = listener.address

    /** [address] in its canonical form. */
    public val endpoint: Endpoint get() = listener.endpoint

    /**
     * The port of [address].
     *
     * @throws IllegalStateException if its transport has no ports.
     */
    public val port: Int
        get() = checkNotNull(address as? InetSocketAddress) { "$endpoint has no port" }.port

    /** Where it is in its life. Hot; the last value stays. */
    public val state: StateFlow<ServerState> = current.asStateFlow()

    /** True once [shutdown] has been called, for handlers that would rather end by themselves than be cut. Hot; the last value stays. */
    public val draining: StateFlow<Boolean> = drains.asStateFlow()

    /** Sockets accepted and not yet closed: it falls once for each, after its descriptor is free. */
    public val connectionCount: StateFlow<Int> get() = open.count

    /** The connections whose handler runs, as they are now. */
    public val connections: List<ConnectionInfo> get() = open.all.map(Connection::info)

    /** What it has done so far: connections, refusals, bytes. */
    public val totals: ServerTotals get() = open.totals(published.dropped)

    /**
     * What happens to the server and its connections, those of one connection in order. Hot and without replay: it begins with
     * what happens after the collector came, never waits for one, and drops the oldest where one is over 1 024 events behind, which
     * [totals] counts. It completes after [ServerEvent.Stopped].
     */
    public val events: Flow<SocketEvent> get() = published.flow

    /** Cuts every connection and ends the server. Returns at once, from any thread; idempotent. [awaitClosed] waits for the end. */
    override fun close() {
        val first = stopListening()
        open.cut()
        job?.cancel()
        if (first) current.compareAndSet(ServerState.Listening(address), ServerState.NotAccepting)
    }

    /**
     * Stops listening; connections go on as before, and when the last of them has ended, the server has. Returns at once, from any
     * thread; idempotent.
     */
    public fun stopAccepting() {
        if (stopListening()) current.compareAndSet(ServerState.Listening(address), ServerState.NotAccepting)
    }

    /**
     * Stops accepting, tells the handlers by [draining], waits up to [grace] until every one has ended by itself, then cuts what is left,
     * and returns when nothing of the server runs and its address is free. [ServerOptions.onDrain] can end their input at once.
     *
     * Any number of callers get the same report; the shortest of their graces counts. Cancelling a call leaves the server draining.
     * A handler that calls it waits for itself, and is cut with the rest.
     */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE): ShutdownReport {
        require(!grace.isNegative()) { "grace is negative: $grace" }
        return dispatched {
            drain()
            withTimeoutOrNull(grace) { ended.join() } ?: close()
            ended.await()
        }
    }

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): ShutdownReport = shutdown(grace.toKotlinDuration())

    /** Suspends until nothing of the server runs and its address is free. Cancelling the wait changes nothing. */
    public suspend fun awaitClosed(): Unit = dispatched { ended.join() }

    override fun toString(): String = "server on $endpoint"

    internal fun launchIn(scope: CoroutineScope) {
        published.publish { ServerEvent.Listening(address) }
        // Whoever cancels the scope finds the listener closed when the call returns, and can start another server at once. It is the
        // scope's first child of ours, so that connections are cut and counted before their handlers are cancelled.
        scope.launch(Dispatchers.Unconfined, UNDISPATCHED) {
            try {
                ended.join()
            } catch (e: CancellationException) {
                close()
                throw e
            }
        }
        job = if (scope.coroutineContext.runsInline) {
            // The last child to end resumes who waits for such a scope in its own thread, which must not be a loop's.
            scope.launch(Dispatchers.Default, ATOMIC) {
                val life = liveIn(this)
                withContext(NonCancellable) { life.join() }
            }
        } else {
            liveIn(scope)
        }
    }

    /** ATOMIC: it begins even if the scope is cancelled this instant, so that the listener gets closed. */
    private fun liveIn(scope: CoroutineScope): Job =
        scope.launch(listener.loop.dispatcher + CoroutineName(toString()), ATOMIC) { live() }

    /** Whether it has just stopped. */
    private fun stopListening(): Boolean {
        if (!stopping.complete()) return false
        listener.close()
        return true
    }

    private fun drain() {
        val begins = !ended.isCompleted && open.drain()
        // First of all: without a connection the server ends as soon as it does not listen.
        if (begins) synchronized(published) { published.publish { ServerEvent.Draining(address) } }
        stopListening()
        if (!begins) return
        current.update { if (it is ServerState.Listening || it === ServerState.NotAccepting) ServerState.Draining else it }
        drains.value = true
        open.endInput()
    }

    private suspend fun live() {
        var failure: Throwable? = null
        try {
            supervisorScope {
                val handlers = this
                try {
                    AcceptLoop(listener, doorkeeper, open, stopping, published, options).run { handlers.hold(it) }
                } catch (e: Throwable) {
                    failure = e.ofItsLoop() ?: e.takeIf { currentCoroutineContext().isActive }
                    throw e
                } finally {
                    // Cancelled or failed: nobody is let in any more, and no handler that blocks keeps its connection.
                    if (stopping.isActive) close()
                }
            }
        } catch (e: Throwable) {
            if (e !is CancellationException && failure == null) failure = e
        } finally {
            withContext(NonCancellable) { listener.awaitClosed() }
            published.complete(ServerEvent.Stopped(address))
            current.value = failure?.let(ServerState::Failed) ?: ServerState.Closed(open.report)
            ended.complete(open.report)
        }
    }

    /** A loop that ends cancels its coroutines, this one among them: then the end of the loop is what happened, not the cancellation. */
    private fun Throwable.ofItsLoop(): EventLoopClosed? =
        generateSequence(this) { it.cause }.firstNotNullOfOrNull { it as? EventLoopClosed }

    private fun CoroutineScope.hold(accepted: RawStream) {
        open.accepted(accepted)
        launch(accepted.loop.dispatcher + CoroutineName("serve ${accepted.remote}") + options.handlerContext, ATOMIC) {
            conversation.hold(accepted)
        }
        open.publish()
    }

    private companion object {
        val DEFAULT_GRACE = 25.seconds
    }
}
