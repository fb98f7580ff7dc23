@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.RunningServer
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.StreamIdentity
import io.hawser.engine.connect
import io.hawser.transport.Connector
import io.hawser.transport.TransportApi
import java.net.InetSocketAddress
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/** An echo server behind a proxy, and a client of the proxy. */
internal suspend fun behindProxy(
    handler: suspend (Connection) -> Unit = { it.copyTo(it) },
    block: suspend CoroutineScope.(RunningFaultProxy, StreamClient, RunningServer) -> Unit,
) = withContext(Dispatchers.Default) {
    val server = Memory.server().start(this) { handler(it) }
    try {
        FaultProxy.to(Memory.client(server), seed = 42).start(this).use { proxy ->
            block(proxy, tcp(proxy.port), server)
            proxy.close()
            proxy.awaitClosed()
        }
    } finally {
        server.close()
    }
}

/** The same in virtual time, where the proxy listens as [on] does and connects as [behind] does. */
internal fun behindProxyInVirtualTime(
    handler: suspend VirtualTime.(Connection) -> Unit = { it.copyTo(it) },
    on: VirtualTime.() -> StreamServer = { server() },
    behind: VirtualTime.(RunningServer) -> StreamClient = { client(it) },
    block: suspend VirtualTime.(RunningFaultProxy, StreamClient) -> Unit,
): Unit = virtualTime {
    val server = server().start(this) { handler(it) }
    FaultProxy.to(behind(server), seed = 42).start(this, on()).use { proxy -> block(proxy, Memory.client("${proxy.address}", loop)) }
    server.close()
}

/** What the TCP module would make; it is no dependency of this one. */
internal fun tcp(port: Int): StreamClient {
    val address = InetSocketAddress("127.0.0.1", port)
    val connector = Connector(address) { socket, _ ->
        EventLoopGroup.shared.loopFor(currentCoroutineContext()).connect(address, StreamIdentity("tcp"), socket)
    }
    return StreamClient(Endpoint.Inet("tcp", "127.0.0.1", port), ClientOptions(), connector)
}
