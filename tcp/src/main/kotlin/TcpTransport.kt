package io.hawser.tcp

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.transport.InternetFamily
import io.hawser.transport.StreamTransport
import io.hawser.transport.TransportApi
import io.hawser.transport.endpointOf

/** [Tcp] by the name of an endpoint. Where `tcp` leaves it open, the options may still ask for one IP version. */
@TransportApi
public class TcpTransport : StreamTransport {
    override val schemes: Set<String> = InternetFamily.entries.mapTo(LinkedHashSet()) { it.scheme(Tcp.SCHEME) }

    override fun client(endpoint: Endpoint, options: ClientOptions): StreamClient =
        Tcp.client(options.socket.endpointOf(Tcp.SCHEME, endpoint), options)

    override fun server(endpoint: Endpoint, options: ServerOptions): StreamServer =
        Tcp.server(options.socket.endpointOf(Tcp.SCHEME, endpoint), options)
}
