package io.hawser.testkit.memory

import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint
import io.hawser.testkit.MemoryDatagram
import io.hawser.transport.DatagramTransport
import io.hawser.transport.TransportApi

/** [MemoryDatagram] by the name of an endpoint: what runs on `udp://...` in production can run on `memory:name` in a test. */
@TransportApi
public class MemoryDatagramTransport : DatagramTransport {
    override val schemes: Set<String> = setOf(MemoryStream.SCHEME)

    override fun client(endpoint: Endpoint, options: DatagramClientOptions): DatagramClient = MemoryDatagram.client(endpoint, options)

    override fun server(endpoint: Endpoint, options: DatagramServerOptions): DatagramServer = MemoryDatagram.server(endpoint, options)
}
