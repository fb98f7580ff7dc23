package io.hawser.tcp

import io.hawser.ClientOptions
import io.hawser.ConnectionOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.transport.StreamTransport
import io.hawser.transport.TransportApi

/** [Tcp] by the name of an endpoint. Where `tcp` leaves it open, the options may still ask for one IP version. */
@TransportApi
public class TcpTransport : StreamTransport {
    override val schemes: Set<String> = Family.entries.mapTo(LinkedHashSet()) { it.scheme }

    override fun client(endpoint: Endpoint, options: ClientOptions): StreamClient = Tcp.client(endpoint.of(options), options)

    override fun server(endpoint: Endpoint, options: ServerOptions): StreamServer = Tcp.server(endpoint.of(options), options)

    private fun Endpoint.of(options: ConnectionOptions): Endpoint.Inet {
        require(this is Endpoint.Inet && scheme in schemes) { "not an endpoint of TCP: $this" }
        val wanted = options.socket.family ?: return this
        require(scheme == Family.Both.scheme || scheme == Family.of(wanted).scheme) {
            "the option socket.family, ${wanted.name()}, contradicts the endpoint $this"
        }
        return Endpoint.Inet(Family.of(wanted).scheme, host, port)
    }
}
