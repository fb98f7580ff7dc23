package io.hawser.udp

import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.DatagramSocket
import io.hawser.Endpoint
import io.hawser.EventLoopClosed
import io.hawser.SocketOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.addresses
import io.hawser.engine.bind
import io.hawser.engine.bindDatagrams
import io.hawser.engine.connectDatagrams
import io.hawser.engine.connecting
import io.hawser.engine.reachable
import io.hawser.engine.resolve
import io.hawser.transport.InternetFamily
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import io.hawser.transport.endpoint
import io.hawser.transport.requireRemote
import java.net.InetAddress
import java.net.InetSocketAddress
import kotlinx.coroutines.currentCoroutineContext

/**
 * UDP clients and servers (RFC 768; RFC 8085 says how to use it well). A datagram has up to 65 507 bytes over IPv4 and 65 527 over IPv6;
 * over 1 472 and 1 452 most networks cut it into fragments, and the loss of one is the loss of all.
 *
 * With [SocketOptions.family] they are of one IP version only, and their endpoints read `udp4` or `udp6`.
 */
@OptIn(TransportApi::class)
public object Udp {
    internal const val SCHEME = "udp"
    private const val LOOPBACK = "127.0.0.1"

    /**
     * A server on [host] and [port]; nothing is bound before it starts.
     *
     * [host] is a name, an address, or `*` for all addresses; by default only this machine can send to it. Port 0 is any free one. Of a
     * name's addresses the first is bound; looking it up may take 10 s. On `*` a reply leaves from the address that the system chooses by
     * the way to the sender, which on a machine with several need not be the one that was asked.
     *
     * @throws IllegalArgumentException for a port outside 0..65535 or a host that is none.
     * @sample io.hawser.samples.documentation.udpServer
     */
    @JvmStatic
    @JvmOverloads
    public fun server(host: String = LOOPBACK, port: Int, options: DatagramServerOptions = DatagramServerOptions()): DatagramServer =
        server(options.socket.endpoint(SCHEME, host, port), options)

    internal fun server(endpoint: Endpoint.Inet, options: DatagramServerOptions): DatagramServer =
        DatagramServer(endpoint, options) { bound(endpoint, options.group, options.socket) }

    /**
     * A client of [host] and [port]; nothing is resolved or opened before it is used.
     *
     * Its sockets send to and receive from the first address of the name that there is a way to, and get the ICMP messages of its host:
     * [io.hawser.PeerUnreachable].
     *
     * @throws IllegalArgumentException for a port outside 1..65535, a host that is none, or the address that stands for all of a machine.
     * @sample io.hawser.samples.documentation.udpServer
     */
    @JvmStatic
    @JvmOverloads
    public fun client(host: String, port: Int, options: DatagramClientOptions = DatagramClientOptions()): DatagramClient =
        client(options.socket.endpoint(SCHEME, host, port), options)

    internal fun client(endpoint: Endpoint.Inet, options: DatagramClientOptions): DatagramClient {
        endpoint.requireRemote()
        return DatagramClient(endpoint, options) { connected(endpoint, options, ::resolve) }
    }

    /**
     * Opens a socket on [host] and [port], by default any free one of all addresses, that sends to whomever it is told to and receives from
     * everybody. The caller closes it. For broadcasts see [SocketOptions.broadcast], for groups [join].
     *
     * @throws io.hawser.BindFailed if the address cannot be had.
     * @throws IllegalArgumentException for a port outside 0..65535 or a host that is none.
     */
    @JvmStatic
    @JvmOverloads
    public suspend fun open(
        host: String = "*",
        port: Int = 0,
        options: DatagramClientOptions = DatagramClientOptions(),
    ): DatagramSocket {
        val endpoint = options.socket.endpoint(SCHEME, host, port)
        return DatagramClient(endpoint, options) { bound(endpoint, options.group, options.socket) }.open()
    }

    private suspend fun bound(endpoint: Endpoint.Inet, group: EventLoopGroup?, options: SocketOptions): RawDatagrams =
        endpoint.bind { address, protocol ->
            val admission = InternetFamily.of(endpoint.scheme).admission
            (group ?: EventLoopGroup.shared).bindDatagrams(address, endpoint.scheme, options, admission, protocol)
        }

    internal suspend fun connected(
        endpoint: Endpoint.Inet,
        options: DatagramClientOptions,
        resolve: suspend (String) -> List<InetAddress>,
    ): RawDatagrams {
        val addresses = endpoint.addresses(resolve)
        val loop = (options.group ?: EventLoopGroup.shared).loopFor(currentCoroutineContext())
        val protocol = InternetFamily.of(endpoint.scheme).protocol
        var first: Throwable? = null
        for (address in addresses) {
            try {
                return loop.connectDatagrams(
                    InetSocketAddress(address.reachable(), endpoint.port),
                    endpoint.scheme,
                    options.socket,
                    protocol,
                )
            } catch (e: Throwable) {
                // Nobody was asked: there is no way to the address, or no such socket, which is known at once.
                val failure = e.connecting(endpoint)
                if (failure is EventLoopClosed) throw failure
                first?.addSuppressed(failure) ?: run { first = failure }
            }
        }
        throw checkNotNull(first)
    }
}
