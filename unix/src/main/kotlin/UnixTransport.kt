package io.hawser.unix

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.transport.StreamTransport
import io.hawser.transport.TransportApi

/** [Unix] by the name of an endpoint. */
@TransportApi
public class UnixTransport : StreamTransport {
    override val schemes: Set<String> = setOf(Unix.SCHEME)

    override fun client(endpoint: Endpoint, options: ClientOptions): StreamClient = Unix.client(endpoint.ofUnix(), options)

    override fun server(endpoint: Endpoint, options: ServerOptions): StreamServer = Unix.server(endpoint.ofUnix(), options)

    private fun Endpoint.ofUnix(): String {
        require(this is Endpoint.Local && scheme == Unix.SCHEME) { "not an endpoint of a Unix stream socket: $this" }
        return name
    }
}
