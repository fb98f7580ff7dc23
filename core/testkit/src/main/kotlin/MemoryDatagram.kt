@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.BindFailed
import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint
import io.hawser.engine.EventLoopGroup
import io.hawser.testkit.memory.MemoryDatagrams
import io.hawser.testkit.memory.MemoryStream.Companion.endpoint
import io.hawser.testkit.memory.nameInMemory
import io.hawser.transport.Loop
import io.hawser.transport.RawDatagrams.Unnamed
import io.hawser.transport.TransportApi
import java.net.BindException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.currentCoroutineContext

/**
 * Datagrams within this process, without an operating system: the same sockets, servers and clients as over UDP, with the same contracts.
 *
 * A server listens on a name. Nothing is lost: who sends waits while the receiver has 64 datagrams to read.
 */
public object MemoryDatagram {
    private val sockets = ConcurrentHashMap<String, MemoryDatagrams>()
    private val names = AtomicLong()

    /**
     * A server that will listen on [name], by default one that nobody else has. Its `start` fails with [BindFailed] while that is taken.
     */
    @JvmStatic
    @JvmOverloads
    public fun server(
        options: DatagramServerOptions = DatagramServerOptions(),
        name: String = "server-${names.incrementAndGet()}",
    ): DatagramServer {
        val address = MemoryAddress(name)
        return DatagramServer(address.endpoint, options) { bind(address, (options.group ?: EventLoopGroup.shared).next()) }
    }

    /**
     * A server that will listen on [endpoint].
     *
     * @throws IllegalArgumentException if [endpoint] is not in memory.
     */
    @JvmStatic
    @JvmOverloads
    public fun server(endpoint: Endpoint, options: DatagramServerOptions = DatagramServerOptions()): DatagramServer =
        server(options, endpoint.nameInMemory)

    /** A server that receives and sends on [loop]. */
    @TransportApi
    @JvmStatic
    @JvmOverloads
    public fun server(
        loop: Loop,
        options: DatagramServerOptions = DatagramServerOptions(),
        name: String = "server-${names.incrementAndGet()}",
    ): DatagramServer = MemoryAddress(name).let { address -> DatagramServer(address.endpoint, options) { bind(address, loop) } }

    /** A client of whoever listens on [name] when it sends. One that [isNamed] can be answered, as it can be over UDP. */
    @JvmStatic
    @JvmOverloads
    public fun client(
        name: String,
        options: DatagramClientOptions = DatagramClientOptions(),
        isNamed: Boolean = true,
    ): DatagramClient {
        val address = MemoryAddress(name)
        return DatagramClient(address.endpoint, options) {
            val loop = (options.group ?: EventLoopGroup.shared).loopFor(currentCoroutineContext())
            if (isNamed) bind(MemoryAddress("client-${names.incrementAndGet()}"), loop, address) else unnamed(loop, address)
        }
    }

    /**
     * A client of [endpoint].
     *
     * @throws IllegalArgumentException if [endpoint] is not in memory.
     */
    @JvmStatic
    @JvmOverloads
    public fun client(endpoint: Endpoint, options: DatagramClientOptions = DatagramClientOptions()): DatagramClient =
        client(endpoint.nameInMemory, options)

    /** A client whose sockets live on [loop]. */
    @TransportApi
    @JvmStatic
    @JvmOverloads
    public fun client(
        name: String,
        loop: Loop,
        options: DatagramClientOptions = DatagramClientOptions(),
        isNamed: Boolean = true,
    ): DatagramClient {
        val address = MemoryAddress(name)
        return DatagramClient(address.endpoint, options) {
            if (isNamed) bind(MemoryAddress("client-${names.incrementAndGet()}"), loop, address) else unnamed(loop, address)
        }
    }

    private fun bind(address: MemoryAddress, loop: Loop, remote: MemoryAddress? = null): MemoryDatagrams {
        val socket = MemoryDatagrams(loop, address, remote, sockets)
        if (sockets.putIfAbsent(address.name, socket) != null) throw BindFailed(address.endpoint, BindException("the name is taken"))
        return socket
    }

    private fun unnamed(loop: Loop, remote: MemoryAddress) = MemoryDatagrams(loop, Unnamed, remote, sockets)
}
