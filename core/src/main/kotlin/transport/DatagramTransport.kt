package io.hawser.transport

import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint

/**
 * A transport of datagrams as [io.hawser.Hawser] finds it by the scheme of an endpoint.
 *
 * A module that brings one names its class, which has a constructor without parameters, in
 * `META-INF/services/io.hawser.transport.DatagramTransport` ([java.util.ServiceLoader]).
 */
@TransportApi
public interface DatagramTransport : Transport {
    /**
     * A client of [endpoint]; nothing is opened before it is used.
     *
     * @throws IllegalArgumentException if [endpoint] is none to send to, or [options] contradict it.
     */
    public fun client(endpoint: Endpoint, options: DatagramClientOptions): DatagramClient

    /**
     * A server on [endpoint]; nothing is bound before it starts.
     *
     * @throws IllegalArgumentException if [endpoint] is none to listen on, or [options] contradict it.
     */
    public fun server(endpoint: Endpoint, options: DatagramServerOptions): DatagramServer
}
