package io.hawser.reconnect

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.Dial
import io.hawser.Endpoint
import io.hawser.HandshakeTimeout
import io.hawser.SocketOptions
import io.hawser.StreamClient
import io.hawser.UnsupportedTransport
import io.hawser.event.Events
import io.hawser.event.LinkEvent
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.InetSocketAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
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
    private var client = clients.first()

    /** How many attempts in a row asked for what this platform has not got. */
    private var unsupported = 0

    /** Returns why it is over: what it gave up for, or null if it was told to stop. Throws what a policy or `onError` throws. */
    suspend fun run(session: suspend CoroutineScope.(Connection) -> Unit): Throwable? {
        try {
            while (true) {
                for (next in clients) {
                    client = next
                    options = wanted()
                    outbox.options = options.outbox
                    advance(Step.Begin)
                    val failures = cycle(session)
                    if (stopping.isCompleted) return null
                    val delay = decide(failures)
                    advance(Step.Postpone(delay, failures.firstOrNull()))
                    unless(stopping) { delay(delay) }
                }
            }
        } catch (e: Throwable) {
            currentCoroutineContext().ensureActive()
            if (stopping.isCompleted) return null
            if (e is GivenUp) return e.cause
            val request = e.doNotReconnect() ?: throw e
            return request.cause
        }
    }

    /** Connects and has the session; returns what failed, first what the next attempt is for. */
    private suspend fun cycle(session: suspend CoroutineScope.(Connection) -> Unit): List<Throwable> {
        var opened: Connection? = null
        try {
            unless(stopping) { dial { opened = it } }
        } catch (e: Throwable) {
            opened?.run {
                // The hook's failure has closed it politely.
                if (isOpen) abort()
                withContext(NonCancellable) { awaitClosed() }
            }
            currentCoroutineContext().ensureActive()
            if (e is UnsupportedTransport) unsupported++ else unsupported = 0
            if (!stopping.isCompleted) advance(Step.Failed(e))
            return listOf(e)
        }
        unsupported = 0
        return opened?.let { converse(it, session) }.orEmpty()
    }

    private suspend fun dial(opened: (Connection) -> Unit) {
        val chosen = client.options
        val dial = Dial(
            chosen,
            events,
            socket(),
            connectTimeout = chosen.chosenOr(options.dialTimeout, chosen::connectTimeout),
            handshakeTimeout = handshakeTimeout(),
            writeTimeout = chosen.chosenOr(options.writeTimeout, chosen::writeTimeout),
            draining = draining,
        )
        val connection = client.connect(dial).also(opened)
        try {
            bounded(connection, handshakeTimeout(), options.onConnect)
            options.greet(connection)
        } catch (e: Throwable) {
            // Politely, so that the peer still gets what the hook has told it.
            if (e !is HandshakeTimeout) connection.close()
            throw e
        }
    }

    /** Also if its endpoint is a name that somebody else looks up. */
    private val isOfTcp: Boolean get() = client.endpoint is Endpoint.Inet || client.connector.remote is InetSocketAddress

    private suspend fun socket(): SocketOptions {
        val chosen = client.options.socket
        val socket = chosen.toBuilder()
        val idle = options.keepAliveIdle
        if (idle != null && isOfTcp) {
            if (!chosen.keepAliveIsChosen) socket.keepAlive = true
            if (socket.keepAlive && socket.keepAliveIdle == null) socket.keepAliveIdle = idle
        }
        options.onSocket(socket)
        // Whoever turns it off has not asked for its timer.
        if (!socket.keepAlive && chosen.keepAliveIdle == null && socket.keepAliveIdle == idle) socket.keepAliveIdle = null
        return socket.build()
    }

    private suspend fun converse(connection: Connection, session: suspend CoroutineScope.(Connection) -> Unit): List<Throwable> {
        val clock = connection.transport.loop
        val began = clock.nanoTime()
        val failures = mutableListOf<Throwable>()
        try {
            // First, so that who sees that it is connected can send.
            outbox.resume()
            advance(Step.Opened(connection))
            coroutineScope {
                val sender = async(start = UNDISPATCHED) { outbox.carry(connection) }
                val watch = launch(start = UNDISPATCHED) {
                    launch { sender.await()?.let { endAfterLastWords(it) } }
                    connection.awaitClosed()
                    endAfterLastWords(ConnectionClosed(connection.endpoint, connection.closeReason ?: CloseReason.Local))
                }
                coroutineScope { session(connection) }
                watch.cancel()
                if (stopping.isCompleted) {
                    outbox.finish()
                } else {
                    outbox.pause()
                    // What is just being written shall not break, but a peer that does not take it shall not hold us up.
                    withTimeoutOrNull(patience()) { sender.join() }
                    sender.cancel()
                }
            }
        } catch (e: Throwable) {
            failures += e
        }
        val wasStable = (clock.nanoTime() - began).nanoseconds >= options.resetAfter
        connection.close()
        withContext(NonCancellable) {
            disconnected(connection)?.let { failures += it }
            connection.awaitClosed()
        }
        currentCoroutineContext().ensureActive()
        if (!stopping.isCompleted) advance(Step.Ended(failures.firstOrNull(), wasStable))
        return failures
    }

    /** Lets the session read what is left and notice the end by itself, or, if it waits for something else, ends it. */
    private suspend fun endAfterLastWords(failure: IOException) {
        delay(patience())
        throw failure
    }

    /** Returns what the hook failed with, if it did. */
    private suspend fun disconnected(connection: Connection): Throwable? = try {
        bounded(connection, patience(), options.onDisconnect)
        null
    } catch (e: Throwable) {
        if (e.doNotReconnect() == null) events.publish { LinkEvent.HookFailed(connection.endpoint, "onDisconnect", e) }
        e
    }

    private suspend fun bounded(connection: Connection, limit: Duration, hook: suspend (Connection) -> Unit) {
        withTimeoutOrNull(limit) { hook(connection) } ?: throw HandshakeTimeout(connection.endpoint, limit.toJavaDuration())
    }

    private fun handshakeTimeout(): Duration = client.options.run { chosenOr(options.handshakeTimeout, ::handshakeTimeout) }

    /** How long what must not hang may take. */
    private fun patience(): Duration = minOf(handshakeTimeout(), PATIENCE)

    /** How long to wait now that a cycle is over, and [failures] are what failed in it. */
    private suspend fun decide(failures: List<Throwable>): Duration {
        failures.firstNotNullOfOrNull { it.doNotReconnect() }?.let { throw GivenUp(it.cause) }
        val failure = failures.firstOrNull()
        if (failure != null) {
            when (val decision = unless(stopping) { options.onError(failure) }) {
                Decision.Retry -> Unit
                Decision.Stop -> throw GivenUp(failure)
                is Decision.RetryAfter -> return decision.delay
            }
            // It would be asked for in vain for ever.
            if (unsupported >= clients.size) throw GivenUp(failure)
        }
        return unless(stopping) { options.backoff.delayAfter(progress.failures, failure) } ?: throw GivenUp(failure)
    }

    private fun advance(step: Step) {
        progress = progress.after(step)
        show(progress.state)
    }

    /** There will be no other attempt. */
    private class GivenUp(cause: Throwable?) : Exception(cause)

    private companion object {
        val PATIENCE = 10.seconds
    }
}
