package io.hawser.transport

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer

/**
 * A transport of byte streams as [io.hawser.Hawser] finds it by the scheme of an endpoint.
 *
 * A module that brings one names its class, which has a constructor without parameters, in
 * `META-INF/services/io.hawser.transport.StreamTransport` ([java.util.ServiceLoader]).
 */
@TransportApi
public interface StreamTransport : Transport {
    /**
     * A client of [endpoint]; nothing is opened before it connects.
     *
     * @throws IllegalArgumentException if [endpoint] is none to connect to, or [options] contradict it.
     */
    public fun client(endpoint: Endpoint, options: ClientOptions): StreamClient

    /**
     * A server on [endpoint]; nothing is bound before it starts.
     *
     * @throws IllegalArgumentException if [endpoint] is none to listen on, or [options] contradict it.
     */
    public fun server(endpoint: Endpoint, options: ServerOptions): StreamServer
}
