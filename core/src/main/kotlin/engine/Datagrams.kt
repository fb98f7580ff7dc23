package io.hawser.engine

import io.hawser.Admission
import io.hawser.SocketOptions
import io.hawser.transport.TransportApi
import java.net.ProtocolFamily
import java.net.SocketAddress
import java.nio.channels.DatagramChannel
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext

/**
 * Binds a socket of datagrams with [options] to [address] on the next loop of this group, named by [scheme]. Where a socket of this process
 * that is being closed is still in the way, it waits for that one's end. On cancellation and on failure nothing stays open, and no
 * descriptor taken.
 *
 * @throws java.io.IOException what the system says, untyped: the caller knows what it was binding.
 * @throws Throwable what the hook throws.
 */
@TransportApi
public suspend fun EventLoopGroup.bindDatagrams(
    address: SocketAddress,
    scheme: String,
    options: SocketOptions,
    admission: Admission = Admission.everyone,
    family: ProtocolFamily? = options.family,
): SelectableDatagrams = opened { keep ->
    ClosingSockets.outlast(address) {
        next().open(scheme, admission, family, keep) { channel ->
            options.prepare(channel, options.beforeBind)
            channel.bind(address)
        }
    }
}

/** Connects a socket of datagrams with [options] to [address] on this loop, as [bindDatagrams] binds one. */
@TransportApi
public suspend fun EventLoop.connectDatagrams(
    address: SocketAddress,
    scheme: String,
    options: SocketOptions,
    family: ProtocolFamily? = options.family,
): SelectableDatagrams = opened { keep ->
    open(scheme, Admission.everyone, family, keep) { channel ->
        options.prepare(channel, options.beforeConnect)
        channel.connect(address)
    }
}

/** Returns what [open] keeps. */
@TransportApi
private suspend fun opened(open: suspend (keep: (SelectableDatagrams) -> Unit) -> Unit): SelectableDatagrams {
    var opened: SelectableDatagrams? = null
    try {
        open { opened = it }
        return checkNotNull(opened)
    } catch (e: Throwable) {
        // Opened, but the caller was cancelled on the way back.
        opened?.run {
            close()
            withContext(NonCancellable) { awaitClosed() }
        }
        throw e
    }
}

@TransportApi
private suspend fun EventLoop.open(
    scheme: String,
    admission: Admission,
    family: ProtocolFamily?,
    keep: (SelectableDatagrams) -> Unit,
    prepare: (DatagramChannel) -> Unit,
) = run {
    val channel = if (family == null) provider.openDatagramChannel() else provider.openDatagramChannel(family)
    try {
        channel.configureBlocking(false)
        prepare(channel)
        // A hook may have changed it, and then a receive would hold up a loop.
        if (channel.isBlocking) channel.configureBlocking(false)
    } catch (e: Throwable) {
        channel.close()
        throw e
    }
    keep(SelectableDatagrams(this, channel, scheme, admission))
}
