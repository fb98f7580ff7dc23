package io.hawser

import io.hawser.event.ServerState
import io.hawser.transport.DatagramOpener
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.isActive

/**
 * A server of datagrams that does not run yet: where it will listen, and how. It holds nothing, and can be started any number of times,
 * one after another.
 *
 * A handler runs for every datagram, in a coroutine scope of its own, and answers it with [DatagramExchange.reply]. When it fails, the
 * failure becomes an event, and the next datagram is handled all the same: nothing is sent to whoever caused it, because an error that
 * answers an error could go on for ever.
 */
@OptIn(TransportApi::class)
public class DatagramServer private constructor(
    /** Where it listens; its port may be 0 for any that is free. */
    public val endpoint: Endpoint,
    /** With which options it starts; a server that runs may have been given others since. */
    public val options: DatagramServerOptions,
    private val opener: DatagramOpener,
    private val observers: List<(RunningDatagramServer) -> Unit>,
) {
    /** A server on the socket that [opener] opens. */
    @TransportApi
    public constructor(endpoint: Endpoint, options: DatagramServerOptions, opener: DatagramOpener) :
        this(endpoint, options, opener, observers = emptyList())

    /** The same server, which tells [observer] of itself whenever it has been started. */
    @TransportApi
    @KotlinOnly
    public fun observedBy(observer: (RunningDatagramServer) -> Unit): DatagramServer =
        DatagramServer(endpoint, options, opener, observers + observer)

    /**
     * Listens, and returns the running server as soon as it receives. It runs in [scope] until it is closed, shut down, or the scope is
     * cancelled; the scope waits for it. A server that fails does not cancel the scope: its state tells.
     *
     * Cancelling the call before it returns leaves nothing behind.
     *
     * @throws BindFailed if the address cannot be had.
     * @throws IllegalStateException if [scope] has ended already.
     */
    public suspend fun start(scope: CoroutineScope, handler: suspend DatagramExchange.(Datagram) -> Unit): RunningDatagramServer {
        // Held here, because a cancellation on the way back from another thread would drop the result.
        var bound: RawDatagrams? = null
        var server: RunningDatagramServer? = null
        try {
            return dispatched {
                if (!scope.isActive) {
                    // Often the scope is the caller's own: then it is a cancellation.
                    currentCoroutineContext().ensureActive()
                    error("the scope that $this was to run in has ended")
                }
                val raw = opener.open().also { bound = it }
                RunningDatagramServer(raw, options, handler).also {
                    server = it
                    it.launchIn(scope)
                    observers.forEach { observer -> observer(it) }
                }
            }
        } catch (e: Throwable) {
            server?.close() ?: bound?.close()
            throw e
        }
    }

    /**
     * Listens and serves until the server is closed or shut down, or the caller cancelled: then everything of it has ended. [onStart]
     * is called with the running server as soon as it receives.
     *
     * @throws BindFailed if the address cannot be had.
     * @throws EventLoopClosed if the loop it receives on ends.
     */
    public suspend fun serve(onStart: (RunningDatagramServer) -> Unit = {}, handler: suspend DatagramExchange.(Datagram) -> Unit) {
        coroutineScope {
            val server = start(this, handler)
            onStart(server)
            server.awaitClosed()
            (server.state.value as? ServerState.Failed)?.let { throw it.cause }
        }
    }

    override fun toString(): String = "server on $endpoint"
}
