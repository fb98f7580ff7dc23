package io.hawser.testkit.memory

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.testkit.Memory
import io.hawser.transport.StreamTransport
import io.hawser.transport.TransportApi

/** [Memory] by the name of an endpoint: what runs on `tcp://...` in production can run on `memory:name` in a test. */
@TransportApi
public class MemoryTransport : StreamTransport {
    override val schemes: Set<String> = setOf(MemoryStream.SCHEME)

    override fun client(endpoint: Endpoint, options: ClientOptions): StreamClient = Memory.client(endpoint, options)

    override fun server(endpoint: Endpoint, options: ServerOptions): StreamServer = Memory.server(endpoint, options)
}
