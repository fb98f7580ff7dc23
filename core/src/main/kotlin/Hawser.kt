package io.hawser

import io.hawser.transport.TransportApi
import io.hawser.transport.Transports

/**
 * Clients and servers of whatever transport an [Endpoint] names: `tcp://db:5432` today and `unix:/run/db.sock` tomorrow, from a
 * configuration file or a command line.
 *
 * The modules on the class path bring the transports: `hawser-tcp` those of `tcp`, `tcp4` and `tcp6`, `hawser-udp` those of
 * `udp`, `udp4` and `udp6`, `hawser-unix` those of `unix` and `unixgram`, `hawser-tls` clients of `tls`.
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
        Transports.streams.of(endpoint).client(endpoint, options)

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
        Transports.streams.of(endpoint).server(endpoint, options)

    /** A server on the endpoint that is written [endpoint], as [Endpoint.parse] reads it. */
    @JvmStatic
    @JvmOverloads
    public fun streamServer(endpoint: String, options: ServerOptions = ServerOptions()): StreamServer =
        streamServer(Endpoint.parse(endpoint), options)

    /**
     * A client of datagrams of [endpoint]; nothing is resolved or opened before it is used.
     *
     * @throws IllegalArgumentException if [endpoint] is none to send to: it has no real host and port, or carries streams; or if [options]
     *   contradict it.
     * @throws IllegalStateException naming the artifact to add, if the module of its transport is not there.
     */
    @JvmStatic
    @JvmOverloads
    public fun datagramClient(endpoint: Endpoint, options: DatagramClientOptions = DatagramClientOptions()): DatagramClient =
        Transports.datagrams.of(endpoint).client(endpoint, options)

    /** A client of datagrams of the endpoint that is written [endpoint], as [Endpoint.parse] reads it. */
    @JvmStatic
    @JvmOverloads
    public fun datagramClient(endpoint: String, options: DatagramClientOptions = DatagramClientOptions()): DatagramClient =
        datagramClient(Endpoint.parse(endpoint), options)

    /**
     * A server of datagrams on [endpoint]; nothing is bound before it starts.
     *
     * @throws IllegalArgumentException if [endpoint] is none to listen on: it carries streams; or if [options] contradict it.
     * @throws IllegalStateException naming the artifact to add, if the module of its transport is not there.
     */
    @JvmStatic
    @JvmOverloads
    public fun datagramServer(endpoint: Endpoint, options: DatagramServerOptions = DatagramServerOptions()): DatagramServer =
        Transports.datagrams.of(endpoint).server(endpoint, options)

    /** A server of datagrams on the endpoint that is written [endpoint], as [Endpoint.parse] reads it. */
    @JvmStatic
    @JvmOverloads
    public fun datagramServer(endpoint: String, options: DatagramServerOptions = DatagramServerOptions()): DatagramServer =
        datagramServer(Endpoint.parse(endpoint), options)
}
