package io.hawser.unix

import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.DatagramSocket
import io.hawser.Endpoint
import io.hawser.transport.TransportApi
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.file.Path

/**
 * Clients and servers of Unix datagrams (unix(7)), within one machine: while the receiver lives nothing is lost, and who sends waits while its
 * queue is full (`net.unix.max_dgram_qlen`, 10 datagrams for the kernel, 512 for systemd). When a client finds its server gone, what that had answered and
 * nobody has received yet goes with it.
 *
 * A client without a name of its own cannot be answered; [AUTO] and [ClientName.of] give it one. Nor can a server at a path, which has
 * been linked there from where it was bound: what it sends to other servers says so of its sender. To an abstract name everybody of the
 * same network namespace may send, and the name of a sender proves nothing. The sockets are junixsocket's, because the
 * JDK has none: they live on one loop of their own, whatever `group` the options have. An empty datagram does not wait: it is lost where
 * the receiver has no room for it. Where junixsocket is a module that is not open to this one, empty datagrams are not received at all, and
 * to receive from abstract names is forty times slower.
 */
@OptIn(TransportApi::class)
public object UnixDatagram {
    internal const val SCHEME = "unixgram"

    /**
     * A name that nobody else has: an abstract one where there are such names, else a socket in a folder of its own. A server of another
     * network namespace cannot answer an abstract one.
     */
    @JvmField
    public val AUTO: ClientName = ClientName.Auto

    /**
     * A server at [path]; nothing is bound before it starts. The file is treated as [Unix.server] treats it.
     *
     * @throws IllegalArgumentException for an empty path or one of more than 107 bytes.
     * @sample io.hawser.samples.documentation.unixDatagrams
     */
    @JvmStatic
    @JvmOverloads
    public fun server(
        path: Path,
        options: DatagramServerOptions = DatagramServerOptions(),
        file: SocketFile = SocketFile(),
    ): DatagramServer {
        val address = UnixDomainSocketAddress.of(path)
        val endpoint = endpointOf(SCHEME, address)
        return DatagramServer(endpoint, options, DatagramBinding(endpoint, options.socket).atPath(address, file))
    }

    /**
     * A server of the [name] that an endpoint has behind its `unixgram:`: `@` and an abstract name, or a path.
     *
     * @throws IllegalArgumentException for an empty name, one with a NUL in it, or one of more than 107 bytes.
     */
    @JvmStatic
    @JvmOverloads
    public fun server(name: String, options: DatagramServerOptions = DatagramServerOptions()): DatagramServer {
        val endpoint = Endpoint.Local(SCHEME, name)
        if (!name.startsWith('@')) return server(Path.of(name), options)
        return DatagramServer(endpoint, options, DatagramBinding(endpoint, options.socket).atName(AbstractAddress(name.substring(1))))
    }

    /**
     * A client of the server at [path]; nothing is opened before it is used. Without [bindTo] it can send only.
     *
     * @throws IllegalArgumentException for an empty path or one of more than 107 bytes.
     * @sample io.hawser.samples.documentation.unixDatagrams
     */
    @JvmStatic
    @JvmOverloads
    public fun client(
        path: Path,
        bindTo: ClientName? = null,
        options: DatagramClientOptions = DatagramClientOptions(),
    ): DatagramClient = client(UnixDomainSocketAddress.of(path), bindTo, options)

    /**
     * A client of the server of the [name] that an endpoint has behind its `unixgram:`: `@` and an abstract name, or a path.
     *
     * @throws IllegalArgumentException for an empty name, one with a NUL in it, or one of more than 107 bytes.
     */
    @JvmStatic
    @JvmOverloads
    public fun client(
        name: String,
        bindTo: ClientName? = null,
        options: DatagramClientOptions = DatagramClientOptions(),
    ): DatagramClient {
        Endpoint.Local(SCHEME, name)
        val address = if (name.startsWith('@')) AbstractAddress(name.substring(1)) else UnixDomainSocketAddress.of(name)
        return client(address, bindTo, options)
    }

    /**
     * Opens a socket with the name [bindTo] that sends to whomever it is told to and receives from everybody. The caller closes it. Unlike
     * a server at a path, it can be answered.
     *
     * @throws io.hawser.BindFailed if the name cannot be had.
     */
    @JvmStatic
    @JvmOverloads
    public suspend fun open(bindTo: ClientName = AUTO, options: DatagramClientOptions = DatagramClientOptions()): DatagramSocket {
        val endpoint = when (bindTo) {
            is ClientName.At -> endpointOf(SCHEME, UnixDomainSocketAddress.of(bindTo.path))
            ClientName.Auto -> Endpoint.Local(SCHEME, "@hawser")
        }
        return DatagramClient(endpoint, options, DatagramDialing(endpoint, remote = null, bindTo, options.socket)::open).open()
    }

    private fun client(address: SocketAddress, bindTo: ClientName?, options: DatagramClientOptions): DatagramClient {
        val endpoint = if (address is UnixDomainSocketAddress) endpointOf(SCHEME, address) else Endpoint.of(SCHEME, address)
        return DatagramClient(endpoint, options, DatagramDialing(endpoint, address, bindTo, options.socket)::open)
    }
}

/** What a socket of Unix datagrams that is no server is called, so that it can be answered. */
public sealed interface ClientName {
    /** See [UnixDatagram.AUTO]. */
    public object Auto : ClientName {
        override fun toString(): String = "any free name"
    }

    /**
     * The socket [path]. What has the name is left alone, unless it is a socket of the same user that nobody receives at any more; the
     * folder must not be one in which others can take its place. It is removed when the client's socket is closed.
     */
    public class At internal constructor(
        public val path: Path,
        /** Who may answer: who may write to the file. */
        public val file: SocketFile,
    ) : ClientName {
        override fun toString(): String = "$path"
    }

    public companion object {
        /**
         * A socket at [path] with the permissions of [file]; nothing is made before the client opens it.
         *
         * @throws IllegalArgumentException for an empty path or one of more than 107 bytes.
         */
        @JvmStatic
        @JvmOverloads
        public fun of(path: Path, file: SocketFile = SocketFile()): ClientName {
            endpointOf(UnixDatagram.SCHEME, UnixDomainSocketAddress.of(path))
            return At(path, file)
        }
    }
}
