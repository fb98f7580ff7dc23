package io.hawser.tls

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.transport.StreamTransport
import io.hawser.transport.TransportApi

/** TLS by the name of an endpoint, over the TCP that there is: clients that trust whom the system trusts. */
@TransportApi
public class TlsTransport : StreamTransport {
    override val schemes: Set<String> = setOf(SCHEME)

    override fun client(endpoint: Endpoint, options: ClientOptions): StreamClient {
        val host = requireNotNull(endpoint as? Endpoint.Inet) { "not an endpoint of TLS: $endpoint" }
        val layer = TlsLayer(ClientTls.system().side(ServerName.of(host.host)), options.closeTimeout)
        return Hawser.streamClient(Endpoint.Inet(TCP, host.host, host.port), options).through(layer, endpoint)
    }

    /** @throws IllegalArgumentException always: a name says nothing of a certificate. */
    override fun server(endpoint: Endpoint, options: ServerOptions): StreamServer = throw IllegalArgumentException(
        "a server on $endpoint needs a certificate: make one on tcp and add .tls(ServerTls { identity(…) })",
    )

    private companion object {
        const val SCHEME = "tls"
        const val TCP = "tcp"
    }
}
