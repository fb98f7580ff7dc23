package io.hawser

import io.hawser.rate.SharedRates
import io.hawser.server.AcceptLoop
import io.hawser.server.Connections
import io.hawser.server.Conversation
import io.hawser.server.Doorkeeper
import io.hawser.server.LiveOptions
import io.hawser.server.Trouble
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
    options: ServerOptions,
    layers: List<Layer>,
    handler: suspend CoroutineScope.(Connection) -> Unit,
) : ServerHandle(listener.loop, listener.address, endpoint, options.listeners) {
    private val live = LiveOptions(options) { other -> startOnly(other, hasLayers = layers.isNotEmpty()) }
    private val open = Connections()
    private val doorkeeper = Doorkeeper(live, listener.admission, open, listener.loop::nanoTime)
    private val trouble = Trouble(listener.loop::nanoTime)
    private val rates = SharedRates(options)
    private val conversation = Conversation(address, live, layers, open, doorkeeper, rates, published, draining, handler)

    /** Sockets accepted and not yet closed: it falls once for each, after its descriptor is free. */
    override val connectionCount: StateFlow<Int> get() = open.count

    /** The connections whose handler runs, as they are now. */
    public val connections: List<ConnectionInfo> get() = open.all.map(Connection::info)

    /** What it has done so far: connections, refusals, bytes. */
    public val totals: ServerTotals get() = open.totals(published.dropped, options)

    /** The options it was given last, by its start or by [reload]. */
    public val options: ServerOptions get() = live.now

    /**
     * Judges and serves new connections by [options] from now on, all of them and not only those that are others; who waits for a place
     * comes in if there is one now. Connections that there are keep their timeouts, their own rates and their place, also over a limit that
     * has fallen; the rates that all share change for those too that one of them held back from their beginning.
     *
     * Returns the names of those that are not as at the start and count from the next one on: `backlog`, `socket`, `group` and
     * `listeners`; and `closeTimeout` where there are layers, which were given theirs. Any thread.
     */
    @Synchronized
    public fun reload(options: ServerOptions): List<String> {
        // First: whoever comes by the new options finds the new rates.
        rates.adopt(options, listener.loop.nanoTime())
        return live.replaceBy(options).also { open.changed.trySend(Unit) }
    }

    override val report: ShutdownReport get() = open.report

    override fun problems(): List<HealthProblem> {
        val count = open.now
        val limit = options.maxConnections
        return listOfNotNull(
            if (count >= limit) HealthProblem.Full(count, limit) else null,
            trouble.now(HealthProblem::AcceptFailing),
        )
    }

    override suspend fun CoroutineScope.serve() {
        AcceptLoop(listener, doorkeeper, open, stopping, published, live, trouble).run { hold(it) }
    }

    override fun stopListening(): Unit = listener.close()

    override fun cut(): Unit = open.cut()

    override fun beginDraining(): Boolean = open.drain()

    override fun endInput() {
        if (options.onDrain == OnDrain.EndInput) open.endInput()
    }

    override suspend fun awaitFree(): Unit = listener.awaitClosed()

    private fun CoroutineScope.hold(accepted: RawStream) {
        open.accepted(accepted)
        launch(accepted.loop.dispatcher + CoroutineName("serve ${accepted.remote}"), ATOMIC) {
            conversation.hold(accepted)
        }
        open.publish()
    }
}
