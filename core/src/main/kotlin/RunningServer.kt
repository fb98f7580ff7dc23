package io.hawser

import io.hawser.server.AcceptLoop
import io.hawser.server.Connections
import io.hawser.server.Conversation
import io.hawser.server.Doorkeeper
import io.hawser.transport.Layer
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch

/** A server of connections that listens, or did. [close] and [shutdown] are about its connections, as [stopAccepting] is. */
@OptIn(TransportApi::class, DelicateCoroutinesApi::class, ExperimentalCoroutinesApi::class)
public class RunningServer internal constructor(
    private val listener: Listener,
    endpoint: Endpoint,
    private val options: ServerOptions,
    layers: List<Layer>,
    handler: suspend CoroutineScope.(Connection) -> Unit,
) : ServerHandle(listener.loop, listener.address, endpoint, options.listeners) {
    private val open = Connections(options.onDrain, countsHosts = options.maxConnectionsPerHost < Int.MAX_VALUE)
    private val doorkeeper = Doorkeeper(options, listener.admission, open)
    private val conversation = Conversation(address, options, layers, open, doorkeeper, published, draining, handler)

    /** Sockets accepted and not yet closed: it falls once for each, after its descriptor is free. */
    override val connectionCount: StateFlow<Int> get() = open.count

    /** The connections whose handler runs, as they are now. */
    public val connections: List<ConnectionInfo> get() = open.all.map(Connection::info)

    /** What it has done so far: connections, refusals, bytes. */
    public val totals: ServerTotals get() = open.totals(published.dropped)

    override val report: ShutdownReport get() = open.report

    override suspend fun CoroutineScope.serve() {
        AcceptLoop(listener, doorkeeper, open, stopping, published, options).run { hold(it) }
    }

    override fun stopListening(): Unit = listener.close()

    override fun cut(): Unit = open.cut()

    override fun beginDraining(): Boolean = open.drain()

    override fun endInput(): Unit = open.endInput()

    override suspend fun awaitFree(): Unit = listener.awaitClosed()

    private fun CoroutineScope.hold(accepted: RawStream) {
        open.accepted(accepted)
        launch(accepted.loop.dispatcher + CoroutineName("serve ${accepted.remote}"), ATOMIC) {
            conversation.hold(accepted)
        }
        open.publish()
    }
}
