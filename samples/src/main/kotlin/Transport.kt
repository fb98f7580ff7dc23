package io.hawser.samples

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.tcp.Tcp
import java.net.ProtocolFamily
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6

/** A transport of byte streams as the programs here use it: any of them, by the scheme of an endpoint. */
internal class Transport(
    val scheme: String,
    /** Where a server for this process alone listens, without being in anybody's way. */
    val here: Endpoint,
    val server: (Endpoint, ServerOptions.Builder.() -> Unit) -> StreamServer,
    val client: (Endpoint) -> StreamClient,
) {
    /** The schemes that stand for [scheme] with something more said. */
    val schemes: List<String> = listOf(scheme) + families.keys.map { scheme + it }
}

/** All there are, in the order of the demo's table. Who adds a transport adds a line here. */
internal val transports: List<Transport> = listOf(
    inet(
        "tcp",
        { host, port, options -> Tcp.server(host, port, ServerOptions(options)) },
        { host, port, options -> Tcp.client(host, port, ClientOptions(options)) },
    ),
)

/** @throws IllegalArgumentException if there is none for [endpoint]. */
internal fun transportOf(endpoint: Endpoint): Transport =
    requireNotNull(transports.find { endpoint.scheme in it.schemes }) { "no transport for $endpoint" }

/** By the end of a scheme, as in `tcp4`. */
private val families get() = mapOf("4" to INET, "6" to INET6)

private fun inet(
    scheme: String,
    server: (String, Int, ServerOptions.Builder.() -> Unit) -> StreamServer,
    client: (String, Int, ClientOptions.Builder.() -> Unit) -> StreamClient,
) = Transport(
    scheme,
    here = Endpoint.Inet(scheme, "127.0.0.1", port = 0),
    server = { endpoint, options ->
        endpoint.inet { host, port, family ->
            server(host, port) {
                socket { this.family = family }
                options()
            }
        }
    },
    client = { endpoint -> endpoint.inet { host, port, family -> client(host, port) { socket { this.family = family } } } },
)

private fun <R> Endpoint.inet(use: (String, Int, ProtocolFamily?) -> R): R {
    require(this is Endpoint.Inet) { "$this has no host and port" }
    return use(host, port, families[scheme.takeLast(1)])
}
