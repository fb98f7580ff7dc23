package io.hawser.server

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ServerOptions
import io.hawser.SocketFailure
import io.hawser.Terms
import io.hawser.closeReason
import io.hawser.event.ConnectionEvent
import io.hawser.event.Events
import io.hawser.event.ServerEvent
import io.hawser.rate.SharedRates
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.hawser.transport.wrap
import java.net.SocketAddress
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.isActive
import kotlinx.coroutines.withContext
import org.slf4j.LoggerFactory

/** What the server on [address] does with each connection, from the accepted socket to the freed descriptor. */
@OptIn(TransportApi::class)
internal class Conversation(
    private val address: SocketAddress,
    private val options: LiveOptions<ServerOptions>,
    private val layers: List<Layer>,
    private val connections: Connections,
    private val doorkeeper: Doorkeeper,
    private val rates: SharedRates,
    private val events: Events,
    private val draining: StateFlow<Boolean>,
    private val handler: suspend CoroutineScope.(Connection) -> Unit,
) {
    /**
     * Takes over [accepted], and returns when it is closed and free. It throws nothing: what fails is published. It has to be entered
     * even if the server has been cancelled since it accepted, so that the socket gets closed; and on the loop, so that handlers that
     * keep a dispatcher busy do not keep others from shaking hands.
     */
    suspend fun hold(accepted: RawStream) {
        val id = Terms.nextId()
        val options = options.now
        var failure: Throwable? = null
        try {
            currentCoroutineContext().ensureActive()
            val stream = layers.wrap(accepted, options.handshakeTimeout)
            val refusal = doorkeeper.refusalAfterHandshake(stream)
            if (refusal == null) {
                val terms = Terms(options, id, events, announcesEnd = false, draining, shared = rates)
                converse(Connection(terms.throttled(stream), terms), accepted, options.handlerContext)
            } else {
                connections.refused(refusal)
                stream.close()
                events.publish { ServerEvent.Refused(address, accepted.remote, refusal) }
                withContext(NonCancellable) { stream.awaitClosed() }
            }
        } catch (e: Throwable) {
            // A layer failed, or the server ended before the connection began.
            if (goesOn()) {
                failure = e
                log(accepted, e)
                events.publish { ConnectionEvent.Failed(id, accepted.local, accepted.remote, e) }
            }
        } finally {
            try {
                accepted.close()
                withContext(NonCancellable) { accepted.awaitClosed() }
                failure?.let { cause ->
                    // A layer may have closed what is under it.
                    val why = (cause as? ConnectionClosed)?.reason ?: cause.closeReason()
                    events.publish { ConnectionEvent.Closed(id, accepted.local, accepted.remote, why) }
                }
            } finally {
                connections.closed(accepted)
            }
        }
    }

    private suspend fun converse(connection: Connection, accepted: RawStream, context: CoroutineContext) {
        connections.opened(connection, accepted)
        try {
            events.publish { ConnectionEvent.Opened(connection.id, connection.local, connection.remote) }
            handled(context) {
                events.publish { ConnectionEvent.HandlerStarted(connection.id, connection.local, connection.remote) }
                handler(connection)
            }
            connection.linger()
        } catch (e: Throwable) {
            // Our own end is no failure; a CancellationException that the handler made up is.
            if (goesOn()) failed(connection, e)
        } finally {
            connection.close()
            withContext(NonCancellable) { connection.awaitClosed() }
            connections.closing(connection)
            events.publish {
                ConnectionEvent.Closed(connection.id, connection.local, connection.remote, connection.closeReason ?: CloseReason.Local)
            }
        }
    }

    /** Whether a failure is one. Connections are cut before who holds them is cancelled, and may be ended by then. */
    private suspend fun goesOn() = !connections.isCut && currentCoroutineContext().isActive

    private suspend fun handled(context: CoroutineContext, block: suspend CoroutineScope.() -> Unit) =
        if (context === EmptyCoroutineContext) coroutineScope(block) else withContext(context, block)

    private fun failed(connection: Connection, cause: Throwable) {
        connection.end(cause.closeReason())
        log(connection, cause)
        events.publish { ConnectionEvent.Failed(connection.id, connection.local, connection.remote, cause) }
    }

    /** What the network does is daily business; what else a handler throws is somebody's mistake, unless somebody is looking. */
    private fun log(subject: Any, cause: Throwable) {
        if (cause is SocketFailure || events.isObserved) {
            log.debug("{} failed", subject, cause)
        } else {
            log.warn("the handler of {} failed, and nobody collects the server's events", subject, cause)
        }
    }

    private companion object {
        val log = LoggerFactory.getLogger(Conversation::class.java)
    }
}
