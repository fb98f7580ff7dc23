package io.hawser.udp

import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint
import io.hawser.transport.DatagramTransport
import io.hawser.transport.InternetFamily
import io.hawser.transport.TransportApi
import io.hawser.transport.endpointOf

/** [Udp] by the name of an endpoint. Where `udp` leaves it open, the options may still ask for one IP version. */
@TransportApi
public class UdpTransport : DatagramTransport {
    override val schemes: Set<String> = InternetFamily.entries.mapTo(LinkedHashSet()) { it.scheme(Udp.SCHEME) }

    override fun client(endpoint: Endpoint, options: DatagramClientOptions): DatagramClient =
        Udp.client(options.socket.endpointOf(Udp.SCHEME, endpoint), options)

    override fun server(endpoint: Endpoint, options: DatagramServerOptions): DatagramServer =
        Udp.server(options.socket.endpointOf(Udp.SCHEME, endpoint), options)
}
