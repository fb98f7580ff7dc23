package io.hawser

import io.hawser.event.EventListener
import io.hawser.event.EventTap
import io.hawser.event.Events
import io.hawser.event.ServerEvent
import io.hawser.event.ServerState
import io.hawser.event.SocketEvent
import io.hawser.transport.Loop
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
 * A server that listens, or did, whatever it serves. It belongs to the scope it was started in and ends with it.
 *
 * There are three ways to end it: [close] cuts everything at once, [shutdown] lets the handlers finish first, and cancelling its scope
 * cancels the handlers. [stopAccepting] alone ends it with the last handler.
 */
@OptIn(TransportApi::class, DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
public sealed class ServerHandle(
    private val loop: Loop,
    /** Where it listens, with the real port. */
    public val address: SocketAddress,
    /** [address] in its canonical form. */
    public val endpoint: Endpoint,
    listeners: List<EventListener>,
) : AutoCloseable {
    internal val published = Events(listeners)
    private val current = MutableStateFlow<ServerState>(ServerState.Listening(address))
    private val drains = MutableStateFlow(false)

    /** Completed when nothing more is to be accepted. */
    internal val stopping = Job()

    /** Completed as the last thing of all, when nothing of the server is left. */
    private val ended = CompletableDeferred<ShutdownReport>()

    @Volatile
    private var job: Job? = null

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

    /** The sockets that it serves and that are not closed yet; a server of datagrams has one while it runs. */
    public abstract val connectionCount: StateFlow<Int>

    /**
     * What happens to the server and to whom it serves, in order for each of them. Hot and without replay: it begins with what happens
     * after the collector came, never waits for one, and drops the oldest where one is over 1 024 events behind, which the totals count.
     * It completes after [ServerEvent.Stopped].
     */
    public val events: Flow<SocketEvent> get() = published.flow

    /** Has [tap] be told of [events] where they happen, until that is closed or the server has ended. It does not count as somebody who looks. */
    @TransportApi
    public fun tap(tap: EventTap): AutoCloseable = published.tap(tap)

    /**
     * How it is: up while it takes people and has room, degraded while it is full or what comes cannot be taken in, else down. From what
     * it knows, without waiting; any thread.
     */
    public fun health(): Health = current.value.health(::problems)

    /** Cuts everybody and ends the server. Returns at once, from any thread; idempotent. [awaitClosed] waits for the end. */
    final override fun close() {
        val first = stop()
        cut()
        job?.cancel()
        if (first) current.compareAndSet(ServerState.Listening(address), ServerState.NotAccepting)
    }

    /**
     * Takes nobody and nothing new; what it has goes on as before, and when the last of it has ended, the server has. Returns at once, from
     * any thread; idempotent.
     */
    public fun stopAccepting() {
        if (stop()) current.compareAndSet(ServerState.Listening(address), ServerState.NotAccepting)
    }

    /**
     * Stops accepting, tells the handlers by [draining], waits up to [grace] until every one has ended by itself, then cuts what is left,
     * and returns when nothing of the server runs and its address is free. [ServerOptions.onDrain] can end the input of connections at
     * once.
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

    /** What it did until it ended. */
    internal abstract val report: ShutdownReport

    /** What is wrong although it listens. Any thread. */
    internal abstract fun problems(): List<HealthProblem>

    /** Serves until [stopping] has completed and everybody has ended, in a scope that it is a supervisor of. */
    internal abstract suspend fun CoroutineScope.serve()

    /** Takes nobody any more. Called once, from any thread. */
    internal abstract fun stopListening()

    /** Ends everybody. From any thread. */
    internal abstract fun cut()

    /** From now on who ends has drained, unless he is [cut]. Whether that begins now. */
    internal abstract fun beginDraining(): Boolean

    /** Everybody can see that it drains. */
    internal abstract fun endInput()

    /** Suspends until its address is free. Not to be cancelled. */
    internal abstract suspend fun awaitFree()

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
    private fun liveIn(scope: CoroutineScope): Job = scope.launch(loop.dispatcher + CoroutineName(toString()), ATOMIC) { live() }

    /** Whether it has just stopped. */
    private fun stop(): Boolean {
        if (!stopping.complete()) return false
        stopListening()
        return true
    }

    private fun drain() {
        val begins = !ended.isCompleted && beginDraining()
        // First of all: without a connection the server ends as soon as it does not listen.
        if (begins) synchronized(published) { published.publish { ServerEvent.Draining(address) } }
        stop()
        if (!begins) return
        current.update { if (it is ServerState.Listening || it === ServerState.NotAccepting) ServerState.Draining else it }
        drains.value = true
        endInput()
    }

    private suspend fun live() {
        var failure: Throwable? = null
        try {
            supervisorScope {
                try {
                    serve()
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
            withContext(NonCancellable) { awaitFree() }
            published.complete(ServerEvent.Stopped(address))
            current.value = failure?.let(ServerState::Failed) ?: ServerState.Closed(report)
            ended.complete(report)
        }
    }

    /** A loop that ends cancels its coroutines, this one among them: then the end of the loop is what happened, not the cancellation. */
    private fun Throwable.ofItsLoop(): EventLoopClosed? =
        generateSequence(this) { it.cause }.firstNotNullOfOrNull { it as? EventLoopClosed }

    private companion object {
        val DEFAULT_GRACE = 25.seconds
    }
}
