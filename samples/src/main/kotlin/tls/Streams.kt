package io.hawser.samples.tls

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.tls

internal const val TLS = "tls"

internal val Endpoint.isTls: Boolean get() = scheme == TLS

/** What TLS lies on there, or this endpoint if it has none. */
internal fun Endpoint.withoutTls(): Endpoint = if (this is Endpoint.Inet && isTls) Endpoint.Inet("tcp", host, port) else this

/** This endpoint of a server by the name of [asked], which is that of TLS where that lies on it. */
internal fun Endpoint.inTermsOf(asked: Endpoint): Endpoint =
    if (this is Endpoint.Inet && asked.isTls) Endpoint.Inet(TLS, host, port) else this

/** A server on [endpoint], with what [tls] makes if that is one of TLS. */
internal fun streamServer(endpoint: Endpoint, options: ServerOptions = ServerOptions(), tls: () -> ServerTls): StreamServer =
    if (endpoint.isTls) Hawser.streamServer(endpoint.withoutTls(), options).tls(tls()) else Hawser.streamServer(endpoint, options)

/** A client of [endpoint], with what [tls] makes if that is one of TLS. */
internal fun streamClient(endpoint: Endpoint, options: ClientOptions = ClientOptions(), tls: () -> ClientTls): StreamClient =
    if (endpoint.isTls) Hawser.streamClient(endpoint.withoutTls(), options).tls(tls()) else Hawser.streamClient(endpoint, options)
