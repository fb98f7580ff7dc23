package io.hawser.tcp

import io.hawser.BindFailed
import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.EventLoopClosed
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.connect
import io.hawser.engine.listen
import io.hawser.engine.resolve
import io.hawser.transport.Connector
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardSocketOptions.TCP_NODELAY
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.currentCoroutineContext

/** TCP clients and servers (RFC 9293). Small writes leave at once: `TCP_NODELAY` is on. */
@OptIn(TransportApi::class)
public object Tcp {
    private const val SCHEME = "tcp"
    private const val LOOPBACK = "127.0.0.1"

    /**
     * A server on [host] and [port]; nothing is bound before it starts.
     *
     * [host] is a name, an address, or `*` for all addresses; by default only this machine can connect. Port 0 is any free one.
     *
     * @throws IllegalArgumentException for a port outside 0..65535 or an empty host.
     */
    @JvmStatic
    @JvmOverloads
    public fun server(host: String = LOOPBACK, port: Int, options: ServerOptions = ServerOptions()): StreamServer {
        val endpoint = Endpoint.Inet(SCHEME, host, port)
        return StreamServer(endpoint, options, { listen(endpoint, options) })
    }

    /**
     * A client of [host] and [port]; nothing is resolved or opened before it connects. All addresses of a name are tried in turn.
     *
     * @throws IllegalArgumentException for a port outside 1..65535 or a host that is none.
     */
    @JvmStatic
    @JvmOverloads
    public fun client(host: String, port: Int, options: ClientOptions = ClientOptions()): StreamClient {
        val endpoint = Endpoint.Inet(SCHEME, host, port)
        require(port != 0) { "a client needs a port: $endpoint" }
        require(host != "*") { "a client needs a host: $endpoint" }
        return StreamClient(endpoint, options, Connector(InetSocketAddress.createUnresolved(host, port)) { connect(endpoint, options) })
    }

    private suspend fun listen(endpoint: Endpoint.Inet, options: ServerOptions): Listener {
        try {
            val address = if (endpoint.host == "*") InetSocketAddress(endpoint.port).address else resolve(endpoint.host).first()
            return (options.group ?: EventLoopGroup.shared).listen(InetSocketAddress(address, endpoint.port), SCHEME, options.backlog) {
                it.setOption(TCP_NODELAY, true)
            }
        } catch (e: Exception) {
            throw if (e is CancellationException || e is EventLoopClosed) e else BindFailed(endpoint, e)
        }
    }

    private suspend fun connect(endpoint: Endpoint.Inet, options: ClientOptions): RawStream {
        val group = options.group ?: EventLoopGroup.shared
        val loop = group.loopFor(currentCoroutineContext())
        var failure: ConnectFailed? = null
        for (address in addresses(endpoint)) {
            try {
                return loop.connect(InetSocketAddress(address, endpoint.port), SCHEME)
            } catch (e: Exception) {
                if (e is CancellationException || e is EventLoopClosed) throw e
                failure?.addSuppressed(e) ?: run { failure = ConnectFailed(endpoint, e) }
            }
        }
        throw checkNotNull(failure) { "$endpoint has no address" }
    }

    private suspend fun addresses(endpoint: Endpoint.Inet): List<InetAddress> = try {
        resolve(endpoint.host)
    } catch (e: java.io.IOException) {
        throw ConnectFailed(endpoint, e)
    }
}
