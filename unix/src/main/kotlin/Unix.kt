package io.hawser.unix

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.transport.Connector
import io.hawser.transport.TransportApi
import java.net.UnixDomainSocketAddress
import java.nio.file.Path

/**
 * Clients and servers of Unix stream sockets (unix(7)), within one machine.
 *
 * A socket has a path, or, on Linux, an abstract name that no file stands for, written with an `@` before it. Who may connect to a path,
 * its permissions say; to an abstract name everybody may, of the same network namespace, so its server looks at [peerUid]. Abstract names
 * are junixsocket's: their sockets live on one loop of their own, whatever `group` the options have; each of its turns costs the more the
 * more connections there are (about 0.3 us each), and a peer that goes takes what it had sent and nobody has read yet with it, where a
 * write of ours meets its end first.
 */
@OptIn(TransportApi::class)
public object Unix {
    internal const val SCHEME = "unix"

    /**
     * A server at [path]; nothing is bound before it starts.
     *
     * It appears there with the permissions of [file] all at once, listening, and takes the place of a socket only if that is one of the
     * same user whose server has ended. Anything else that has the name stays, and the `start` fails with [io.hawser.BindFailed]: a
     * server that lives, a file, a folder, a symbolic link. When the server ends it removes its socket, unless another has taken its
     * place. The folder has to exist, and its owner is trusted, and its group if that may write to it; one that
     * others can write to needs the sticky bit.
     *
     * @throws IllegalArgumentException for an empty path or one of more than 107 bytes.
     * @sample io.hawser.samples.documentation.unixServer
     */
    @JvmStatic
    @JvmOverloads
    public fun server(path: Path, options: ServerOptions = ServerOptions(), file: SocketFile = SocketFile()): StreamServer {
        val address = UnixDomainSocketAddress.of(path)
        val endpoint = endpointOf(SCHEME, address)
        return StreamServer(endpoint, options, PathBinding(endpoint, address, options, file)::listen)
    }

    /**
     * A server of the [name] that an endpoint has behind its `unix:`: `@` and an abstract name, or a path.
     *
     * An abstract name is free as soon as its server has ended, however it did. Where there are none, `start` fails with
     * [io.hawser.UnsupportedTransport].
     *
     * @throws IllegalArgumentException for an empty name, one with a NUL in it, or one of more than 107 bytes.
     */
    @JvmStatic
    @JvmOverloads
    public fun server(name: String, options: ServerOptions = ServerOptions()): StreamServer {
        val abstract = abstractName(name) ?: return server(pathOf(name), options)
        val endpoint = Endpoint.Local(SCHEME, name)
        return StreamServer(endpoint, options, AbstractBinding(endpoint, abstract, options)::listen)
    }

    /**
     * A client of the server at [path]; nothing is opened before it connects. While the server has no room for one more in its backlog,
     * `connect` tries again, up to its timeout.
     *
     * @throws IllegalArgumentException for an empty path or one of more than 107 bytes.
     * @sample io.hawser.samples.documentation.unixServer
     */
    @JvmStatic
    @JvmOverloads
    public fun client(path: Path, options: ClientOptions = ClientOptions()): StreamClient {
        val address = UnixDomainSocketAddress.of(path)
        val endpoint = endpointOf(SCHEME, address)
        return StreamClient(endpoint, options, Connector(address, PathDialer(endpoint, address, options.group)::connect))
    }

    /**
     * A client of the [name] that an endpoint has behind its `unix:`: `@` and an abstract name, or a path. Where there are no abstract
     * names, `connect` fails with [io.hawser.UnsupportedTransport].
     *
     * @throws IllegalArgumentException for an empty name, one with a NUL in it, or one of more than 107 bytes.
     */
    @JvmStatic
    @JvmOverloads
    public fun client(name: String, options: ClientOptions = ClientOptions()): StreamClient {
        val abstract = abstractName(name) ?: return client(pathOf(name), options)
        val endpoint = Endpoint.Local(SCHEME, name)
        return StreamClient(endpoint, options, Connector(abstract, AbstractDialer(endpoint, abstract)::connect))
    }

    /** Null for a path. */
    private fun abstractName(name: String): AbstractAddress? {
        // Checks it, also before the JDK makes a path of it, in words of its own.
        Endpoint.Local(SCHEME, name)
        return if (name.startsWith('@')) AbstractAddress(name.substring(1)) else null
    }

    private fun pathOf(name: String): Path = Path.of(name)
}

/** @throws IllegalArgumentException for an empty path or one of more than 107 bytes. */
internal fun endpointOf(scheme: String, address: UnixDomainSocketAddress): Endpoint {
    require("$address".isNotEmpty()) { "no path: \"$address\"" }
    return Endpoint.of(scheme, address)
}
