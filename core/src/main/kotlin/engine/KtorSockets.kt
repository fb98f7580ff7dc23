package io.hawser.engine

import io.hawser.Admission
import io.hawser.SocketOptions
import io.hawser.transport.TransportApi
import io.ktor.network.selector.Selectable
import io.ktor.network.sockets.InetSocketAddress
import io.ktor.network.sockets.SocketAddress
import io.ktor.network.sockets.UnixSocketAddress
import io.ktor.network.sockets.aSocket
import java.lang.reflect.InvocationTargetException
import java.net.ConnectException
import java.net.ProtocolFamily
import java.net.StandardSocketOptions.TCP_NODELAY
import java.net.UnixDomainSocketAddress
import java.nio.channels.ClosedChannelException
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * Connects a Ktor socket with [options] to [address] and returns it as a stream of this loop, with [identity]. On cancellation and on
 * failure nothing stays open, and no descriptor taken.
 *
 * @throws java.net.ConnectException if the connection met itself, which in a range of ports that are given out happens where nobody
 * listens.
 * @throws java.io.IOException what the system says, untyped: the caller knows what it was connecting to.
 * @throws Throwable what the hook throws.
 */
@TransportApi
public suspend fun EventLoop.connect(
    address: java.net.SocketAddress,
    identity: StreamIdentity,
    options: SocketOptions = SocketOptions(),
    family: ProtocolFamily? = options.family,
): SelectableStream = connected { open(address, identity, options, family) }

@TransportApi
private suspend fun EventLoop.connected(open: suspend () -> SelectableStream): SelectableStream {
    var opened: SelectableStream? = null
    try {
        // On the loop, so that a socket closed by a cancellation is freed by the loop's next selection.
        run { opened = open() }
        return checkNotNull(opened)
    } catch (e: Throwable) {
        // Connected, but the caller was cancelled on the way back.
        opened?.run {
            abort()
            withContext(NonCancellable) { awaitClosed() }
        }
        throw e
    }
}

@TransportApi
private suspend fun EventLoop.open(
    address: java.net.SocketAddress,
    identity: StreamIdentity,
    options: SocketOptions,
    family: ProtocolFamily?,
): SelectableStream {
    val opening = Opening(this, family)
    try {
        val channel = opening.channelTo(address, options)
        // Nothing has been attached to Ktor's socket, so its channel is all there is to close.
        if (channel.localAddress == channel.remoteAddress) throw metItself()
        return SelectableStream(this, channel, identity)
    } catch (e: Throwable) {
        opening.discard()
        // Ktor opens Unix sockets by reflection.
        throw if (e is InvocationTargetException) e.targetException else e
    }
}

/**
 * Returns the stream of what [open] connects, on this loop, which is a plain channel that this takes over, for those that Ktor cannot
 * open. Otherwise as [connect] with an address.
 */
@TransportApi
public suspend fun EventLoop.connect(
    identity: StreamIdentity,
    options: SocketOptions = SocketOptions(),
    open: (prepare: (SocketChannel) -> Unit) -> SocketChannel,
): SelectableStream = connected {
    SelectableStream(this, open { options.prepare(it, options.beforeConnect) }, identity)
}

private suspend fun Opening.channelTo(address: java.net.SocketAddress, options: SocketOptions): SocketChannel = try {
    val socket = aSocket(this).tcp().connect(address.toKtor()) {
        prepareStream = { channel ->
            options.prepare(channel, options.beforeConnect)
            // Ktor sets this one itself, after the hook has.
            if (TCP_NODELAY in channel.supportedOptions()) noDelay = channel.getOption(TCP_NODELAY)
        }
    }
    (socket as Selectable).channel as SocketChannel
} catch (e: ClosedChannelException) {
    // Ktor closes a channel that met itself without a word, and nobody else has this one.
    throw metItself().apply { initCause(e) }
}

private fun metItself() = ConnectException("nobody listens there, and the connection met itself")

/**
 * Binds a Ktor server socket with [options] to [address] and returns its listener, on one of this group's loops. Where a listener of this
 * process that is being closed is still in the way, it waits for that one's end. The listener says that it is at [announced], if that is
 * not null, instead of where it was bound.
 *
 * @throws java.io.IOException what the system says, untyped: the caller knows what it was binding.
 * @throws Throwable what the hook throws.
 */
@TransportApi
public suspend fun EventLoopGroup.listen(
    address: java.net.SocketAddress,
    identity: StreamIdentity,
    backlog: Int,
    options: SocketOptions = SocketOptions(),
    admission: Admission = Admission.everyone,
    family: ProtocolFamily? = options.family,
    announced: java.net.SocketAddress? = null,
): SelectableListener = listening(announced ?: address) { loop ->
    loop.bind(address, backlog, options, family) {
        SelectableListener(loop, this, it, identity, options, admission, announced ?: it.localAddress)
    }
}

/**
 * Returns the listener of what [open] binds, which is a plain channel that this takes over, for those that Ktor cannot open. Otherwise as
 * [listen] with an address to bind.
 *
 * @throws java.io.IOException and whatever else [open] throws. A [java.net.BindException] may mean a listener of this process that is being closed.
 */
@TransportApi
public suspend fun EventLoopGroup.listen(
    announced: java.net.SocketAddress,
    identity: StreamIdentity,
    options: SocketOptions = SocketOptions(),
    open: (prepare: (ServerSocketChannel) -> Unit) -> ServerSocketChannel,
): SelectableListener = listening(announced) { loop ->
    val channel = open(options::prepare)
    try {
        SelectableListener(loop, this, channel, identity, options, address = announced)
    } catch (e: Throwable) {
        channel.close()
        throw e
    }
}

@TransportApi
private suspend fun EventLoopGroup.listening(
    address: java.net.SocketAddress,
    open: suspend (EventLoop) -> SelectableListener,
): SelectableListener {
    var opened: SelectableListener? = null
    try {
        ClosingSockets.outlast(address) {
            val loop = next()
            loop.run { opened = open(loop) }
        }
        return checkNotNull(opened)
    } catch (e: Throwable) {
        opened?.close()
        throw e
    }
}

@TransportApi
private suspend fun EventLoop.bind(
    address: java.net.SocketAddress,
    backlog: Int,
    options: SocketOptions,
    family: ProtocolFamily?,
    listener: (ServerSocketChannel) -> SelectableListener,
): SelectableListener {
    val opening = Opening(this, family)
    opening.prepareListener = options::prepare
    try {
        val socket = aSocket(opening).tcp().bind(address.toKtor()) { backlogSize = backlog }
        return listener((socket as Selectable).channel as ServerSocketChannel)
    } catch (e: Throwable) {
        opening.discard()
        throw if (e is InvocationTargetException) e.targetException else e
    }
}

private fun java.net.SocketAddress.toKtor(): SocketAddress = when (this) {
    // The literal, not the name: Ktor resolves a name in the constructor, blocking, and a byte array would lose the IPv6 zone.
    is java.net.InetSocketAddress -> InetSocketAddress(address.hostAddress, port)

    is UnixDomainSocketAddress -> UnixSocketAddress(path.toString())

    else -> throw IllegalArgumentException("neither an internet nor a Unix address: $this")
}
