@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.BindFailed
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.StreamIdentity
import io.hawser.engine.listen
import io.hawser.testkit.fault.Link
import io.hawser.testkit.fault.Links
import io.hawser.testkit.fault.LiveFaults
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.CoroutineScope

/**
 * A proxy in front of a server, which misbehaves on demand: over TCP, or whatever [StreamServer] it is told to listen with. It holds
 * nothing until it starts.
 */
public class FaultProxy private constructor(private val server: StreamClient, private val seed: Long) {
    /**
     * Listens on a free port of the loopback address and returns the running proxy. It runs in [scope] until it is closed or the scope
     * is cancelled; the scope waits for it. Cancelling the call before it returns leaves nothing behind.
     *
     * A client whose connection the server refuses is reset.
     *
     * @throws BindFailed if there is no port.
     */
    public suspend fun start(scope: CoroutineScope): RunningFaultProxy = start(scope, StreamServer(loopback, options, { listen() }))

    /**
     * Listens as [on] does, on a Unix socket for instance or under TLS, and returns the running proxy; otherwise as the other. Where the
     * server runs in the virtual time of a [ManualLoop], so do the faults.
     *
     * @throws BindFailed if the address cannot be had.
     */
    public suspend fun start(scope: CoroutineScope, on: StreamServer): RunningFaultProxy {
        val faults = LiveFaults()
        val links = Links()
        val count = AtomicLong(seed)
        val running = on.start(scope) { connection ->
            when (faults.onConnect) {
                OnConnect.Refuse -> return@start connection.abort()
                OnConnect.Close -> return@start
                OnConnect.Carry -> Unit
            }
            val link = Link(connection, faults, count.getAndIncrement())
            links.hold(link) { link.run(server) }
        }
        return RunningFaultProxy(running, faults, links)
    }

    override fun toString(): String = "fault proxy to ${server.endpoint}"

    private suspend fun listen() = try {
        val address = InetSocketAddress(InetAddress.getByName(HOST), 0)
        EventLoopGroup.shared.listen(address, StreamIdentity(SCHEME), options.backlog)
    } catch (e: IOException) {
        throw BindFailed(loopback, e)
    }

    public companion object {
        private const val SCHEME = "tcp"
        private const val HOST = "127.0.0.1"
        private val loopback = Endpoint.Inet(SCHEME, HOST, port = 0)
        private val options = ServerOptions()

        /** A proxy to the server that [client] connects to, over whatever transport; [seed] decides what chance does. */
        @JvmStatic
        @JvmOverloads
        public fun to(client: StreamClient, seed: Long = 0): FaultProxy = FaultProxy(client, seed)
    }
}
