package io.hawser

import io.hawser.transport.StreamTransports
import io.hawser.transport.TransportApi

/**
 * Clients and servers of whatever transport an [Endpoint] names: `tcp://db:5432` today and `unix:/run/db.sock` tomorrow, from a
 * configuration file or a command line.
 *
 * The modules on the class path bring the transports: `hawser-tcp` those of `tcp`, `tcp4` and `tcp6`.
 */
@OptIn(TransportApi::class)
public object Hawser {
    /**
     * A client of [endpoint]; nothing is resolved or opened before it connects.
     *
     * @throws IllegalArgumentException if [endpoint] is none to connect to: it has no real host and port, or carries datagrams; or if
     *   [options] contradict it.
     * @throws IllegalStateException naming the artifact to add, if the module of its transport is not there.
     */
    @JvmStatic
    @JvmOverloads
    public fun streamClient(endpoint: Endpoint, options: ClientOptions = ClientOptions()): StreamClient =
        StreamTransports.of(endpoint).client(endpoint, options)

    /** A client of the endpoint that is written [endpoint], as [Endpoint.parse] reads it. */
    @JvmStatic
    @JvmOverloads
    public fun streamClient(endpoint: String, options: ClientOptions = ClientOptions()): StreamClient =
        streamClient(Endpoint.parse(endpoint), options)

    /**
     * A server on [endpoint]; nothing is bound before it starts.
     *
     * @throws IllegalArgumentException if [endpoint] is none to listen on: it carries datagrams; or if [options] contradict it.
     * @throws IllegalStateException naming the artifact to add, if the module of its transport is not there.
     */
    @JvmStatic
    @JvmOverloads
    public fun streamServer(endpoint: Endpoint, options: ServerOptions = ServerOptions()): StreamServer =
        StreamTransports.of(endpoint).server(endpoint, options)

    /** A server on the endpoint that is written [endpoint], as [Endpoint.parse] reads it. */
    @JvmStatic
    @JvmOverloads
    public fun streamServer(endpoint: String, options: ServerOptions = ServerOptions()): StreamServer =
        streamServer(Endpoint.parse(endpoint), options)
}
