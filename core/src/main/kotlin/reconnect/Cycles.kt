package io.hawser.reconnect

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.Dial
import io.hawser.Endpoint
import io.hawser.HandshakeTimeout
import io.hawser.SocketOptions
import io.hawser.StreamClient
import io.hawser.UnsupportedTransport
import io.hawser.event.Events
import io.hawser.event.LinkEvent
import io.hawser.transport.TransportApi
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/** What a link does: the loop that performs what [Progress] draws. */
@OptIn(TransportApi::class)
internal class Cycles(
    private val clients: List<StreamClient>,
    private val wanted: () -> LinkOptions,
    private val events: Events,
    private val draining: StateFlow<Boolean>,
    private val outbox: LinkOutbox,
    private val stopping: Job,
    private val show: (LinkState) -> Unit,
) {
    private var progress = Progress()
    private var options = wanted()

    /** Returns why it is over: what it gave up for, or null if it was told to stop. Throws what a policy or `onError` throws. */
    suspend fun run(session: suspend CoroutineScope.(Connection) -> Unit): Throwable? {
        var attempt = 0
        try {
            while (true) {
                options = wanted()
                outbox.options = options.outbox
                advance(Step.Begin)
                val failure = cycle(clients[attempt++ % clients.size], session)
                if (stopping.isCompleted) return null
                val delay = decide(failure)
                advance(Step.Postpone(delay, failure))
                unlessStopping { delay(delay) }
            }
        } catch (e: Throwable) {
            currentCoroutineContext().ensureActive()
            if (stopping.isCompleted) return null
            if (e is GivenUp) return e.cause
            val request = e.doNotReconnect() ?: throw e
            return request.cause
        }
    }

    /** Returns what it failed with, if it did. */
    private suspend fun cycle(client: StreamClient, session: suspend CoroutineScope.(Connection) -> Unit): Throwable? {
        var opened: Connection? = null
        try {
            unlessStopping { dial(client) { opened = it } }
        } catch (e: Throwable) {
            opened?.abort()
            withContext(NonCancellable) { opened?.awaitClosed() }
            currentCoroutineContext().ensureActive()
            advance(Step.Failed)
            return e
        }
        return opened?.let { converse(it, session) }
    }

    private suspend fun dial(client: StreamClient, opened: (Connection) -> Unit) {
        val chosen = client.options
        val handshakeTimeout = chosen.chosenOr(options.handshakeTimeout, chosen::handshakeTimeout)
        val dial = Dial(
            chosen,
            events,
            socket(client),
            connectTimeout = chosen.chosenOr(options.dialTimeout, chosen::connectTimeout),
            handshakeTimeout = handshakeTimeout,
            writeTimeout = chosen.chosenOr(options.writeTimeout, chosen::writeTimeout),
            draining = draining,
        )
        val connection = client.connect(dial).also(opened)
        try {
            withTimeoutOrNull(handshakeTimeout) { options.onConnect(connection) }
                ?: throw HandshakeTimeout(client.endpoint, handshakeTimeout.toJavaDuration())
        } catch (e: Throwable) {
            // Politely, so that the peer still gets what the hook has told it.
            if (e !is HandshakeTimeout) connection.close()
            throw e
        }
    }

    private suspend fun socket(client: StreamClient): SocketOptions {
        val socket = client.options.socket.toBuilder()
        val idle = options.keepAliveIdle
        if (idle != null && client.endpoint is Endpoint.Inet) {
            if (!client.options.socket.keepAliveIsChosen) socket.keepAlive = true
            if (socket.keepAlive && socket.keepAliveIdle == null) socket.keepAliveIdle = idle
        }
        options.onSocket(socket)
        return socket.build()
    }

    private suspend fun converse(connection: Connection, session: suspend CoroutineScope.(Connection) -> Unit): Throwable? {
        val clock = connection.transport.loop
        val began = clock.nanoTime()
        // First, so that who sees that it is connected can send.
        outbox.resume()
        advance(Step.Opened(connection))
        var failure: Throwable? = null
        try {
            coroutineScope {
                val sender = launch(start = UNDISPATCHED) { outbox.carry(connection) }
                coroutineScope { session(connection) }
                if (stopping.isCompleted) outbox.finish() else outbox.pause()
                sender.join()
            }
        } catch (e: Throwable) {
            failure = e
        }
        val wasStable = (clock.nanoTime() - began).nanoseconds >= options.resetAfter
        connection.close()
        withContext(NonCancellable) {
            disconnected(connection)?.let { e -> failure = failure?.apply { if (this !== e) addSuppressed(e) } ?: e }
            connection.awaitClosed()
        }
        currentCoroutineContext().ensureActive()
        if (!stopping.isCompleted) advance(Step.Ended(failure, wasStable))
        return failure
    }

    /** Returns what the hook failed with, if it did. */
    private suspend fun disconnected(connection: Connection): Throwable? = try {
        withTimeoutOrNull(options.handshakeTimeout) { options.onDisconnect(connection) }
            ?: throw HandshakeTimeout(connection.endpoint, options.handshakeTimeout.toJavaDuration())
        null
    } catch (e: Throwable) {
        events.publish { LinkEvent.HookFailed(connection.endpoint, "onDisconnect", e) }
        e
    }

    /** How long to wait now that a cycle is over, which failed if [failure] is not null. */
    private suspend fun decide(failure: Throwable?): Duration {
        if (failure != null) {
            failure.doNotReconnect()?.let { throw GivenUp(it.cause) }
            // It would be asked for in vain for ever.
            if (failure is UnsupportedTransport) throw GivenUp(failure)
            when (val decision = unlessStopping { options.onError(failure) }) {
                Decision.Retry -> Unit
                Decision.Stop -> throw GivenUp(failure)
                is Decision.RetryAfter -> return decision.delay
            }
        }
        return unlessStopping { options.backoff.delayAfter(progress.failures, failure) } ?: throw GivenUp(failure)
    }

    private fun advance(step: Step) {
        val before = progress.state
        progress = progress.after(step)
        if (progress.state != before) show(progress.state)
    }

    /** Cancels [block] when the link is to stop. */
    private suspend fun <T> unlessStopping(block: suspend () -> T): T = coroutineScope {
        val watch = launch(start = UNDISPATCHED) {
            stopping.join()
            this@coroutineScope.cancel()
        }
        block().also { watch.cancel() }
    }

    /** There will be no other attempt. */
    private class GivenUp(cause: Throwable?) : Exception(cause)
}
