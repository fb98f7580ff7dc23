package io.hawser.samples

import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.tcp.Tcp

/** A transport of byte streams as the programs here use it: any of them, by the scheme of an endpoint. */
internal class Transport(
    val scheme: String,
    /** Where a server for this process alone listens, without being in anybody's way. */
    val here: Endpoint,
    val server: (Endpoint, ServerOptions) -> StreamServer,
    val client: (Endpoint) -> StreamClient,
)

/** All there are, in the order of the demo's table. Who adds a transport adds a line here. */
internal val transports: List<Transport> = listOf(
    inet("tcp", { host, port, options -> Tcp.server(host, port, options) }, { host, port -> Tcp.client(host, port) }),
)

/** @throws IllegalArgumentException if there is none for [endpoint]. */
internal fun transportOf(endpoint: Endpoint): Transport =
    requireNotNull(transports.find { it.scheme == endpoint.scheme }) { "no transport for $endpoint" }

private fun inet(scheme: String, server: (String, Int, ServerOptions) -> StreamServer, client: (String, Int) -> StreamClient) = Transport(
    scheme,
    here = Endpoint.Inet(scheme, "127.0.0.1", port = 0),
    server = { endpoint, options -> endpoint.inet { host, port -> server(host, port, options) } },
    client = { endpoint -> endpoint.inet(client) },
)

private fun <R> Endpoint.inet(use: (String, Int) -> R): R {
    require(this is Endpoint.Inet) { "$this has no host and port" }
    return use(host, port)
}
