@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.BindFailed
import io.hawser.DatagramClient
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.bindDatagrams
import io.hawser.testkit.fault.Clock
import io.hawser.testkit.fault.LiveDatagramFaults
import io.hawser.testkit.fault.Routes
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.ATOMIC
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/**
 * A proxy of datagrams in front of a server, which loses, doubles, reorders, delays and corrupts them on demand: over UDP, or whatever
 * [DatagramServer] it is told to listen with. It holds nothing until it starts.
 *
 * Each client has a socket of its own to the server, so that answers find their way back; that goes when nothing has come for the idle
 * timeout, by default a minute, or when there are 1 024 others that were used later. Bytes go through, and not what a transport attaches to them.
 */
public class DatagramFaultProxy private constructor(
    private val server: DatagramClient,
    private val seed: Long,
    private val idleTimeout: Duration,
) {
    init {
        require(idleTimeout.isPositive()) { "idleTimeout is not positive: $idleTimeout" }
    }

    /**
     * Listens on a free UDP port of the loopback address and returns the running proxy. It runs in [scope] until it is closed or the scope
     * is cancelled; the scope waits for it. Cancelling the call before it returns leaves nothing behind.
     *
     * @throws BindFailed if there is no port.
     */
    public suspend fun start(scope: CoroutineScope): RunningDatagramFaultProxy =
        start(scope, DatagramServer(loopback, options) { bound() })

    /**
     * Listens as [on] does, on a Unix socket for instance, and returns the running proxy; otherwise as the other. Where the server runs in
     * the virtual time of a [ManualLoop], so do the faults.
     *
     * @throws BindFailed if the address cannot be had.
     */
    @OptIn(DelicateCoroutinesApi::class)
    public suspend fun start(scope: CoroutineScope, on: DatagramServer): RunningDatagramFaultProxy {
        val faults = LiveDatagramFaults()
        val routes = Routes(server, faults, seed, idleTimeout)
        val running = on.start(scope) { datagram ->
            val loop = transport.loop
            val client = datagram.sender
            routes.pass(client ?: RawDatagrams.Unnamed, datagram.bytes, loop.dispatcher, Clock.of(loop)) { bytes ->
                if (client == null) faults.failed.incrementAndGet() else send(bytes, client)
            }
        }
        // The last child to end resumes who waits for a scope without a dispatcher in its own thread, which must not be a loop's.
        val interceptor = scope.coroutineContext[ContinuationInterceptor]
        val inline = interceptor == null || interceptor === Dispatchers.Unconfined
        val life = scope.launch(if (inline) Dispatchers.Default else EmptyCoroutineContext, ATOMIC) {
            withContext(NonCancellable) {
                running.awaitClosed()
                routes.close()
            }
        }
        return RunningDatagramFaultProxy(running, faults, routes, life)
    }

    override fun toString(): String = "fault proxy to ${server.endpoint}"

    private suspend fun bound() = try {
        EventLoopGroup.shared.bindDatagrams(InetSocketAddress(InetAddress.getByName(HOST), 0), SCHEME, options.socket)
    } catch (e: IOException) {
        throw BindFailed(loopback, e)
    }

    public companion object {
        private const val SCHEME = "udp"
        private const val HOST = "127.0.0.1"
        private val loopback = Endpoint.Inet(SCHEME, HOST, port = 0)
        private val options = DatagramServerOptions()
        private val DEFAULT_IDLE_TIMEOUT = 60.seconds

        /** A proxy to the server that [client] sends to, over whatever transport; [seed] decides what chance does. */
        @JvmStatic
        @JvmOverloads
        public fun to(client: DatagramClient, seed: Long = 0): DatagramFaultProxy = DatagramFaultProxy(client, seed, DEFAULT_IDLE_TIMEOUT)

        /**
         * As the other; a client's socket to the server goes when nothing has come in either direction for [idleTimeout].
         *
         * @throws IllegalArgumentException if [idleTimeout] is not positive.
         */
        @JvmSynthetic
        public fun to(client: DatagramClient, seed: Long = 0, idleTimeout: Duration): DatagramFaultProxy =
            DatagramFaultProxy(client, seed, idleTimeout)

        /** The same for callers with Java's durations. */
        @JvmStatic
        public fun to(client: DatagramClient, seed: Long, idleTimeout: java.time.Duration): DatagramFaultProxy =
            DatagramFaultProxy(client, seed, idleTimeout.toKotlinDuration())
    }
}
