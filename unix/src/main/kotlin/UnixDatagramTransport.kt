package io.hawser.unix

import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint
import io.hawser.transport.DatagramTransport
import io.hawser.transport.TransportApi

/** [UnixDatagram] by the name of an endpoint. Its clients have a name, [UnixDatagram.AUTO], so that they can be answered like all others. */
@TransportApi
public class UnixDatagramTransport : DatagramTransport {
    override val schemes: Set<String> = setOf(UnixDatagram.SCHEME)

    override fun client(endpoint: Endpoint, options: DatagramClientOptions): DatagramClient =
        UnixDatagram.client(endpoint.ofUnixDatagrams(), UnixDatagram.AUTO, options)

    override fun server(endpoint: Endpoint, options: DatagramServerOptions): DatagramServer =
        UnixDatagram.server(endpoint.ofUnixDatagrams(), options)

    private fun Endpoint.ofUnixDatagrams(): String {
        require(this is Endpoint.Local && scheme == UnixDatagram.SCHEME) { "not an endpoint of Unix datagrams: $this" }
        return name
    }
}
