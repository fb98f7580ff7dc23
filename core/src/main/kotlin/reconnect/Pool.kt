package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.KotlinOnly
import io.hawser.StreamClient
import io.hawser.dispatched
import io.hawser.requirePositive
import io.hawser.runsInline
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Connections to one endpoint that are used in turn, as its [options] say. Made by [pooled]; it runs once, in the scope of [start].
 *
 * Whoever borrows gets the connection that was used last, or a new one if all are in use, or waits; who waits longest is served first. A
 * connection is lent only if nothing has come on it that nobody has asked for, and its peer has not ended it as far as can be seen. One
 * whose peer ends it while it is idle is closed at once.
 *
 * It ends by [close] or [shutdown], and with its scope.
 */
@OptIn(DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
public class Pool internal constructor(private val client: StreamClient, public val options: PoolOptions) : AutoCloseable {
    private val places = Places<Pooled>(options.maxConnections, options.minIdle)
    private val drains = MutableStateFlow(false)
    private val begun = AtomicBoolean()

    /** Completed when nobody borrows any more and nothing is made in the background. */
    private val stopping = Job()

    /** Completed when nobody is to have a connection any more. */
    private val cutting = Job()

    /** Completed as the last thing of all. */
    private val ended = Job()

    @Volatile
    private var crew: PoolCrew? = null

    /** Whom it connects to. */
    public val endpoint: Endpoint get() = client.endpoint

    /** Connections, whatever they are doing: idle, borrowed, being made or being closed. Never over [PoolOptions.maxConnections]. */
    public val size: Int get() = places.size

    /** Connections that wait to be borrowed. */
    public val idle: Int get() = places.idle

    /** Connections that somebody has, or makes in order to have it. */
    public val borrowed: Int get() = places.borrowed

    /** Who waits for a connection while others have all of them. */
    public val waiting: Int get() = places.waiting

    /**
     * How it is, from what it knows, without waiting; any thread: degraded while somebody waits for a connection because others have all of
     * them, down before its start and from its end on. Whether its server is there it learns when somebody borrows.
     */
    public fun health(): Health {
        val waiting = waiting
        return when {
            ended.isCompleted -> Health.Down(HealthProblem.Ended(cause = null))
            stopping.isCompleted -> Health.Down(HealthProblem.Draining)
            crew == null -> Health.Down(HealthProblem.NotStarted)
            waiting > 0 -> Health.Degraded(listOf(HealthProblem.PoolExhausted(options.maxConnections, waiting)))
            else -> Health.Up()
        }
    }

    /**
     * Has the pool keep its connections in [scope]: those that [PoolOptions.minIdle] asks for are made from now on, the others when
     * somebody borrows. Returns at once, with this. The scope waits for the pool to be closed.
     *
     * @throws IllegalStateException if it has been started or closed before, or [scope] has ended.
     */
    @KotlinOnly
    public fun start(scope: CoroutineScope): Pool = apply {
        check(scope.isActive) { "the scope that $this was to run in has ended" }
        check(stopping.isActive) { "$this has been closed" }
        check(begun.compareAndSet(false, true)) { "$this has been " + if (stopping.isActive) "started before" else "closed" }
        val context = scope.coroutineContext + CoroutineName("$this") + SupervisorJob(scope.coroutineContext[Job])
        val home = CoroutineScope(if (context.runsInline) context + Dispatchers.Default else context)
        val crew = PoolCrew(client, options, places, drains.asStateFlow(), home).also { crew = it }
        // ATOMIC: it begins even if the scope is cancelled this instant, so that it comes to an end that others can see.
        home.launch(start = ATOMIC) { live(crew) }
    }

    /**
     * Borrows a connection, which takes up to [timeout] with waiting, connecting and checking, has [block] use it in a scope of its own, and
     * takes it back when the block, and what that launched, has ended. What comes is then read, and what was sent has left: a connection on
     * which something is unread, or being read or written, or whose output has ended, is closed. So is one whose block failed or was
     * cancelled.
     *
     * Any number may call it, and are served in the order of their calls. Cancelling a call that waits changes nothing; one that connects
     * closes what it has. If the pool is closed meanwhile, the calls of [block] fail with [io.hawser.ConnectionClosed].
     *
     * @throws PoolTimeout if there is none within [timeout].
     * @throws PoolClosed if the pool is, or becomes, closed.
     * @throws io.hawser.ConnectFailed and what else [StreamClient.connect] throws, if one was to be made and that failed.
     * @throws IllegalStateException if the pool has not been started.
     */
    @JvmSynthetic
    public suspend fun <R> withConnection(
        timeout: Duration = options.borrowTimeout,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R {
        requirePositive("timeout", timeout)
        if (stopping.isCompleted) throw PoolClosed(endpoint)
        val crew = checkNotNull(crew) { "$this has not been started" }
        // Held here, because a cancellation on the way back from another thread would drop the result.
        var lent: Pooled? = null
        try {
            dispatched { borrow(crew, timeout) { lent = it } }
            val borrowed = checkNotNull(lent)
            val result = coroutineScope { block(borrowed.connection) }
            crew.takeBack(borrowed)
            return result
        } catch (e: Throwable) {
            lent?.let(crew::retire)
            throw e
        }
    }

    /** [withConnection] for callers with Java's durations. */
    public suspend fun <R> withConnection(timeout: java.time.Duration, block: suspend CoroutineScope.(Connection) -> R): R =
        withConnection(timeout.toKotlinDuration(), block)

    /**
     * Lends no more: who waits, and who comes, gets [PoolClosed]. Closes what is idle, tells the others by [Connection.draining], waits up
     * to [grace] until all have been given back, then cuts what is left, and returns when no connection of the pool is left.
     *
     * Any number may call it; the shortest of their graces counts. Cancelling a call leaves the pool stopping. Who calls it with a
     * connection of the pool waits for himself, and is cut.
     */
    @JvmSynthetic
    public suspend fun shutdown(grace: Duration = DEFAULT_GRACE) {
        require(!grace.isNegative()) { "grace is negative: $grace" }
        dispatched {
            stop()
            drains.value = true
            withTimeoutOrNull(grace) { ended.join() } ?: close()
            ended.join()
        }
    }

    /** [shutdown] for callers with Java's durations. */
    public suspend fun shutdown(grace: java.time.Duration): Unit = shutdown(grace.toKotlinDuration())

    /** Closes every connection, the borrowed ones too, and lends no more. Returns at once, from any thread; idempotent. */
    override fun close() {
        stop()
        cutting.complete()
        crew?.close(places.cut())
    }

    /** Suspends until it has been closed and no connection of it is left. Cancelling the wait changes nothing. */
    public suspend fun awaitClosed(): Unit = dispatched { ended.join() }

    override fun toString(): String = "pool of connections to $endpoint"

    private fun stop() {
        stopping.complete()
        val idle = places.drain()
        crew?.close(idle)
        // Never started: there is nobody else to say so.
        if (begun.compareAndSet(false, true)) ended.complete()
    }

    private suspend fun live(crew: PoolCrew) {
        try {
            if (options.minIdle > 0) crew.fill(until = stopping)
            places.over.join()
        } finally {
            // Its scope may have been cancelled.
            close()
            withContext(NonCancellable) { places.over.join() }
            crew.dismiss()
            ended.complete()
        }
    }

    private suspend fun borrow(crew: PoolCrew, timeout: Duration, hold: (Pooled) -> Unit) {
        var isHeld = false
        try {
            withTimeoutOrNull(timeout) {
                unless(cutting) {
                    crew.borrow {
                        hold(it)
                        isHeld = true
                    }
                }
            }
        } catch (e: Throwable) {
            currentCoroutineContext().ensureActive()
            if (cutting.isCompleted) throw PoolClosed(endpoint)
            throw e
        }
        if (isHeld) return
        currentCoroutineContext().ensureActive()
        throw PoolTimeout(endpoint, timeout.toJavaDuration(), size, options.maxConnections)
    }

    private companion object {
        val DEFAULT_GRACE = 25.seconds
    }
}
