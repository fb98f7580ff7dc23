@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamServer
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.StreamIdentity
import io.hawser.engine.listen
import io.hawser.transport.TransportApi
import java.net.InetSocketAddress

/** What the TCP module would make; it is no dependency of this one. */
internal object LoopbackServer {
    @JvmStatic
    @JvmOverloads
    fun create(
        group: EventLoopGroup = EventLoopGroup.shared,
    ): StreamServer = StreamServer(Endpoint.Inet("tcp", "127.0.0.1", port = 0), ServerOptions(), {
        group.listen(InetSocketAddress("127.0.0.1", 0), StreamIdentity("tcp"), backlog = 511)
    })
}
