@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.BindFailed
import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.engine.EventLoopGroup
import io.hawser.testkit.memory.MemoryListener
import io.hawser.testkit.memory.MemoryStream
import io.hawser.testkit.memory.MemoryStream.Companion.endpoint
import io.hawser.testkit.memory.nameInMemory
import io.hawser.transport.Connector
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.net.BindException
import java.net.ConnectException
import java.nio.channels.ClosedChannelException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.currentCoroutineContext

/**
 * Byte streams within this process, without an operating system: the same [Connection], [StreamServer] and [StreamClient] as over
 * sockets, with the same contracts, and nothing that could be left behind.
 *
 * A server listens on a name. A connection holds up to 64 KiB in each direction before its writer waits.
 */
public object Memory {
    private const val CAPACITY = 64 * 1024
    private val listeners = ConcurrentHashMap<String, MemoryListener>()
    private val names = AtomicLong()

    /**
     * Two connected ends, each its caller's to close, with up to [capacity] bytes on their way in each direction.
     *
     * @throws IllegalArgumentException for a [capacity] below 1.
     */
    @JvmStatic
    @JvmOverloads
    public fun pair(capacity: Int = CAPACITY): Pair<Connection, Connection> =
        EventLoopGroup.shared.run { pair(next(), next(), capacity) }

    /** Two connected ends that live on the loops [near] and [far]. */
    @TransportApi
    @JvmStatic
    @JvmOverloads
    public fun pair(near: Loop, far: Loop = near, capacity: Int = CAPACITY): Pair<Connection, Connection> {
        val (first, second) = streams(near, far, capacity)
        return Connection(first) to Connection(second)
    }

    /** Two connected ends as transports see them, for layers and whatever else goes between a connection and its transport. */
    @TransportApi
    @JvmStatic
    @JvmOverloads
    public fun streams(near: Loop, far: Loop = near, capacity: Int = CAPACITY): Pair<RawStream, RawStream> {
        val number = names.incrementAndGet()
        return MemoryStream.pair(MemoryAddress("near-$number"), MemoryAddress("far-$number"), near, far, capacity)
    }

    /**
     * A server that will listen on [name], by default one that nobody else has. Up to [ServerOptions.backlog] clients wait to be
     * accepted; who comes then waits to be let in. Clients that were not accepted when it closes are reset, and the name is free.
     *
     * Its `start` fails with [BindFailed] while another server listens on [name].
     */
    @JvmStatic
    @JvmOverloads
    public fun server(options: ServerOptions = ServerOptions(), name: String = "server-${names.incrementAndGet()}"): StreamServer {
        val address = MemoryAddress(name)
        return StreamServer(address.endpoint, options, {
            val group = options.group ?: EventLoopGroup.shared
            bind(address, options, group.next()) { group.next() }
        })
    }

    /**
     * A server that will listen on [endpoint].
     *
     * @throws IllegalArgumentException if [endpoint] is not in memory.
     */
    @JvmStatic
    @JvmOverloads
    public fun server(endpoint: Endpoint, options: ServerOptions = ServerOptions()): StreamServer = server(options, endpoint.nameInMemory)

    /** A server that accepts, reads and writes on [loop]. */
    @TransportApi
    @JvmStatic
    @JvmOverloads
    public fun server(
        loop: Loop,
        options: ServerOptions = ServerOptions(),
        name: String = "server-${names.incrementAndGet()}",
    ): StreamServer {
        val address = MemoryAddress(name)
        return StreamServer(address.endpoint, options, { bind(address, options, loop) { loop } })
    }

    /** A client of the server that listens on [name] when it connects; its `connect` fails with [ConnectFailed] if there is none. */
    @JvmStatic
    @JvmOverloads
    public fun client(name: String, options: ClientOptions = ClientOptions()): StreamClient {
        val address = MemoryAddress(name)
        return StreamClient(
            address.endpoint,
            options,
            Connector(address) { _, _ -> connect(address, (options.group ?: EventLoopGroup.shared).loopFor(currentCoroutineContext())) },
        )
    }

    /**
     * A client of [endpoint].
     *
     * @throws IllegalArgumentException if [endpoint] is not in memory.
     */
    @JvmStatic
    @JvmOverloads
    public fun client(endpoint: Endpoint, options: ClientOptions = ClientOptions()): StreamClient = client(endpoint.nameInMemory, options)

    /**
     * A client of [server].
     *
     * @throws IllegalArgumentException if [server] does not listen in memory.
     */
    @JvmStatic
    @JvmOverloads
    public fun client(server: RunningServer, options: ClientOptions = ClientOptions()): StreamClient = client(server.endpoint, options)

    /** A client whose connections live on [loop]. */
    @TransportApi
    @JvmStatic
    @JvmOverloads
    public fun client(name: String, loop: Loop, options: ClientOptions = ClientOptions()): StreamClient {
        val address = MemoryAddress(name)
        return StreamClient(address.endpoint, options, Connector(address) { _, _ -> connect(address, loop) })
    }

    private fun bind(address: MemoryAddress, options: ServerOptions, loop: Loop, nextLoop: () -> Loop): MemoryListener {
        val listener = MemoryListener(loop, address, options.backlog, nextLoop) { listeners.remove(address.name, it) }
        if (listeners.putIfAbsent(address.name, listener) != null) {
            throw BindFailed(address.endpoint, BindException("the name is taken"))
        }
        return listener
    }

    private suspend fun connect(address: MemoryAddress, loop: Loop): RawStream {
        val listener = listeners[address.name] ?: throw refused(address)
        val client = MemoryAddress("client-${names.incrementAndGet()}")
        val (near, far) = MemoryStream.pair(client, address, loop, listener.nextLoop(), CAPACITY)
        try {
            listener.admit(far)
        } catch (_: ClosedChannelException) {
            throw refused(address)
        }
        return near
    }

    private fun refused(address: MemoryAddress) = ConnectFailed(address.endpoint, ConnectException("nobody listens on that name"))
}
