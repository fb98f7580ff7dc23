package io.hawser.engine

import io.hawser.transport.TransportApi
import io.ktor.network.selector.Selectable
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.SocketAddress
import io.ktor.network.sockets.UnixSocketAddress
import io.ktor.network.sockets.aSocket
import java.net.UnixDomainSocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel

/**
 * Connects a Ktor socket to [address] and returns it as a stream of this loop, named by [scheme]. On cancellation and on failure
 * nothing stays open.
 *
 * @throws java.io.IOException what the system says, untyped: the caller knows what it was connecting to.
 */
@TransportApi
public suspend fun EventLoop.connect(address: java.net.SocketAddress, scheme: String): SelectableStream {
    var opened: SelectableStream? = null
    try {
        // On the loop, so that a socket closed by a cancellation is freed by the loop's next selection.
        run {
            val socket = aSocket(this@connect).tcp().connect(address.toKtor())
            // Nothing has been attached to Ktor's socket, so its channel is all there is to close.
            opened = SelectableStream(this@connect, (socket as Selectable).channel as SocketChannel, scheme)
        }
        return checkNotNull(opened)
    } catch (e: Throwable) {
        // Connected, but the caller was cancelled on the way back.
        opened?.abort()
        throw e
    }
}

/**
 * Binds a Ktor server socket to [address] and returns its listener, on one of this group's loops. [configure] sees every accepted
 * channel before it is used.
 *
 * @throws java.io.IOException what the system says, untyped: the caller knows what it was binding.
 */
@TransportApi
public suspend fun EventLoopGroup.listen(
    address: java.net.SocketAddress,
    scheme: String,
    backlog: Int,
    configure: (SocketChannel) -> Unit = {},
): SelectableListener {
    val loop = next()
    val socket = aSocket(loop).tcp().bind(address.toKtor()) { backlogSize = backlog }
    val channel = (socket as Selectable).channel as ServerSocketChannel
    try {
        return SelectableListener(loop, this, channel, scheme, configure)
    } catch (e: Throwable) {
        channel.close()
        throw e
    }
}

private fun java.net.SocketAddress.toKtor(): SocketAddress = when (this) {
    // The literal, not the name: Ktor resolves a name in the constructor, blocking, and a byte array would lose the IPv6 zone.
    is java.net.InetSocketAddress -> InetSocketAddress(address.hostAddress, port)

    is UnixDomainSocketAddress -> UnixSocketAddress(path.toString())

    else -> throw IllegalArgumentException("neither an internet nor a Unix address: $this")
}
