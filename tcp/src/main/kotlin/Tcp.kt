package io.hawser.tcp

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.transport.Connector
import io.hawser.transport.TransportApi
import io.hawser.transport.endpoint
import io.hawser.transport.requireRemote
import java.net.InetSocketAddress

/**
 * TCP clients and servers (RFC 9293). Small writes leave at once: `TCP_NODELAY` is on.
 *
 * With [SocketOptions.family] they are of one IP version only, and their endpoints read `tcp4` or `tcp6`.
 */
@OptIn(TransportApi::class)
public object Tcp {
    internal const val SCHEME = "tcp"
    private const val LOOPBACK = "127.0.0.1"

    /**
     * A server on [host] and [port]; nothing is bound before it starts.
     *
     * [host] is a name, an address, or `*` for all addresses; by default only this machine can connect. Port 0 is any free one. Of a
     * name's addresses the first is bound; looking it up may take 10 s.
     *
     * A server of IPv6 only turns away who comes from an IPv4 address, but its port is taken for IPv4 too where it listens on all
     * addresses.
     *
     * @throws IllegalArgumentException for a port outside 0..65535 or a host that is none.
     * @sample io.hawser.samples.documentation.tcpServer
     */
    @JvmStatic
    @JvmOverloads
    public fun server(host: String = LOOPBACK, port: Int, options: ServerOptions = ServerOptions()): StreamServer {
        return server(options.socket.endpoint(SCHEME, host, port), options)
    }

    internal fun server(endpoint: Endpoint.Inet, options: ServerOptions): StreamServer =
        StreamServer(endpoint, options, Binding(endpoint, options)::listen)

    /**
     * A client of [host] and [port]; nothing is resolved or opened before it connects.
     *
     * All addresses of a name are tried, IPv4 and IPv6 in turn, the next one when the one before has failed or has not answered within
     * [ClientOptions.attemptDelay]; the first to answer wins (RFC 8305). The family of the first address that the JDK gives goes first:
     * IPv4, unless `java.net.preferIPv6Addresses` says otherwise.
     *
     * @throws IllegalArgumentException for a port outside 1..65535, a host that is none, or the address that stands for all of a machine.
     * @sample io.hawser.samples.documentation.tcpClient
     */
    @JvmStatic
    @JvmOverloads
    public fun client(host: String, port: Int, options: ClientOptions = ClientOptions()): StreamClient {
        return client(options.socket.endpoint(SCHEME, host, port), options)
    }

    internal fun client(endpoint: Endpoint.Inet, options: ClientOptions): StreamClient {
        endpoint.requireRemote()
        val remote = InetSocketAddress.createUnresolved(endpoint.host, endpoint.port)
        return StreamClient(endpoint, options, Connector(remote, Dialer(endpoint, options)::connect))
    }
}
