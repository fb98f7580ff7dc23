package io.hawser

import io.hawser.event.ServerState
import io.hawser.transport.Binder
import io.hawser.transport.Layer
import io.hawser.transport.Listener
import io.hawser.transport.TransportApi
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive

/**
 * A server of byte streams that does not run yet: where it will listen, and how. It holds nothing, and can be started any number of
 * times, one after another, or side by side where the address allows.
 *
 * A handler runs for every connection, in a coroutine of its own whose scope is its receiver: on the connection's event loop, or where
 * [ServerOptions.handlerContext] says. When it returns, what it launched is awaited and the connection closed. When it fails, its
 * connection is closed, the failure becomes an event, and nobody else notices.
 */
@OptIn(TransportApi::class)
public class StreamServer private constructor(
    /** Where it listens; its port may be 0 for any that is free. */
    public val endpoint: Endpoint,
    /** With which options it starts; a server that runs may have been given others since. */
    public val options: ServerOptions,
    /** What opens its listener. */
    @property:TransportApi public val binder: Binder,
    private val layers: List<Layer>,
    private val observers: List<(RunningServer) -> Unit>,
) {
    /** A server that listens as [binder] does, with [layers] on top of each connection. */
    @TransportApi
    public constructor(endpoint: Endpoint, options: ServerOptions, binder: Binder, layers: List<Layer> = emptyList()) :
        this(endpoint, options, binder, layers, observers = emptyList())

    /** The same server with [layer] on top of each connection. */
    @TransportApi
    public fun through(layer: Layer): StreamServer = through(layer, endpoint)

    /**
     * As the other, by the name of [endpoint] from now on; where it listens stays. Once it runs, the scheme is that of [endpoint] and the
     * rest is real.
     */
    @TransportApi
    public fun through(layer: Layer, endpoint: Endpoint): StreamServer =
        StreamServer(endpoint, options, binder, layers + layer, observers)

    /** The same server, which tells [observer] of itself whenever it has been started. */
    @TransportApi
    @KotlinOnly
    public fun observedBy(observer: (RunningServer) -> Unit): StreamServer =
        StreamServer(endpoint, options, binder, layers, observers + observer)

    /**
     * Listens, and returns the running server as soon as clients can connect. It runs in [scope] until it is closed, shut down, or the
     * scope is cancelled; the scope waits for it. A server that fails does not cancel the scope: its state tells.
     *
     * Cancelling the call before it returns leaves nothing behind.
     *
     * @throws BindFailed if the address cannot be had.
     * @throws IllegalStateException if [scope] has ended already.
     */
    public suspend fun start(scope: CoroutineScope, handler: suspend CoroutineScope.(Connection) -> Unit): RunningServer {
        // Held here, because a cancellation on the way back from another thread would drop the result.
        var listener: Listener? = null
        var server: RunningServer? = null
        try {
            return dispatched {
                if (!scope.isActive) {
                    // Often the scope is the caller's own: then it is a cancellation.
                    currentCoroutineContext().ensureActive()
                    error("the scope that $this was to run in has ended")
                }
                val bound = binder.bind().also { listener = it }
                RunningServer(bound, bound.endpoint.inTermsOf(endpoint), options, layers, handler).also {
                    server = it
                    it.launchIn(scope)
                    observers.forEach { observer -> observer(it) }
                }
            }
        } catch (e: Throwable) {
            server?.close() ?: listener?.close()
            throw e
        }
    }

    /**
     * Listens and serves until the server is closed or shut down, or the caller cancelled: then everything of it has ended. [onStart]
     * is called with the running server as soon as clients can connect.
     *
     * @throws BindFailed if the address cannot be had.
     * @throws EventLoopClosed if the loop it accepts on ends.
     */
    public suspend fun serve(onStart: (RunningServer) -> Unit = {}, handler: suspend CoroutineScope.(Connection) -> Unit) {
        coroutineScope {
            val server = start(this, handler)
            onStart(server)
            server.awaitClosed()
            (server.state.value as? ServerState.Failed)?.let { throw it.cause }
        }
    }

    override fun toString(): String = "server on $endpoint"
}
