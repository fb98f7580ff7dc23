package io.hawser.engine

import io.hawser.ChannelHook
import io.hawser.SocketOptions
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketOption
import java.net.StandardSocketOptions.IP_MULTICAST_IF
import java.net.StandardSocketOptions.IP_MULTICAST_LOOP
import java.net.StandardSocketOptions.IP_MULTICAST_TTL
import java.net.StandardSocketOptions.SO_BROADCAST
import java.net.StandardSocketOptions.SO_KEEPALIVE
import java.net.StandardSocketOptions.SO_LINGER
import java.net.StandardSocketOptions.SO_RCVBUF
import java.net.StandardSocketOptions.SO_REUSEADDR
import java.net.StandardSocketOptions.SO_REUSEPORT
import java.net.StandardSocketOptions.SO_SNDBUF
import java.net.StandardSocketOptions.TCP_NODELAY
import java.nio.channels.DatagramChannel
import java.nio.channels.NetworkChannel
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import jdk.net.ExtendedSocketOptions.TCP_KEEPCOUNT
import jdk.net.ExtendedSocketOptions.TCP_KEEPIDLE
import jdk.net.ExtendedSocketOptions.TCP_KEEPINTERVAL

/**
 * Gives [channel] what a listener is to have, and shows it to the hook, before it is bound.
 *
 * @throws UnsupportedOperationException naming the option that the channel does not know.
 */
internal fun SocketOptions.prepare(channel: ServerSocketChannel) {
    if (SO_REUSEADDR in channel.supportedOptions()) channel.ask("reuseAddress", SO_REUSEADDR, reuseAddress)
    if (reusePort) channel.ask("reusePort", SO_REUSEPORT, true)
    // Before the listener is bound, because what it accepts has agreed on a window before we see it.
    receiveBuffer?.let { channel.ask("receiveBuffer", SO_RCVBUF, it) }
    askForDatagrams(channel)
    beforeBind?.show(channel)
}

/**
 * Gives [channel] what a connection is to have, and shows it to [hook], before it is used.
 *
 * @throws UnsupportedOperationException naming the option that the channel does not know.
 */
internal fun SocketOptions.prepare(channel: SocketChannel, hook: ChannelHook?) {
    if (TCP_NODELAY in channel.supportedOptions()) channel.ask("noDelay", TCP_NODELAY, noDelay)
    if (keepAlive) channel.ask("keepAlive", SO_KEEPALIVE, true)
    keepAliveIdle?.let { channel.ask("keepAliveIdle", TCP_KEEPIDLE, it.inWholeSeconds.toInt()) }
    keepAliveInterval?.let { channel.ask("keepAliveInterval", TCP_KEEPINTERVAL, it.inWholeSeconds.toInt()) }
    keepAliveCount?.let { channel.ask("keepAliveCount", TCP_KEEPCOUNT, it) }
    linger?.let { channel.ask("linger", SO_LINGER, it.inWholeSeconds.toInt()) }
    sendBuffer?.let { channel.ask("sendBuffer", SO_SNDBUF, it) }
    receiveBuffer?.let { channel.ask("receiveBuffer", SO_RCVBUF, it) }
    askForDatagrams(channel)
    hook?.show(channel)
}

/**
 * Gives [channel], of datagrams, what it is to have, and shows it to [hook], before it is bound or connected. There is no `reuseAddress`:
 * Linux would have two servers share a port, and one of them get nothing.
 *
 * @throws UnsupportedOperationException naming the option that the channel does not know.
 */
@TransportApi
public fun SocketOptions.prepare(channel: DatagramChannel, hook: ChannelHook?) {
    if (reusePort) channel.ask("reusePort", SO_REUSEPORT, true)
    if (keepAlive) channel.ask("keepAlive", SO_KEEPALIVE, true)
    linger?.let { channel.ask("linger", SO_LINGER, it.inWholeSeconds.toInt()) }
    receiveBuffer?.let { channel.ask("receiveBuffer", SO_RCVBUF, it) }
    sendBuffer?.let { channel.ask("sendBuffer", SO_SNDBUF, it) }
    askForDatagrams(channel)
    hook?.show(channel)
}

/** What streams have not got, and refuse by its name. */
private fun SocketOptions.askForDatagrams(channel: NetworkChannel) {
    if (broadcast) channel.ask("broadcast", SO_BROADCAST, true)
    multicastInterface?.let { channel.ask("multicastInterface", IP_MULTICAST_IF, it) }
    multicastTimeToLive?.let { channel.ask("multicastTimeToLive", IP_MULTICAST_TTL, it) }
    multicastLoopback?.let { channel.ask("multicastLoopback", IP_MULTICAST_LOOP, it) }
}

private fun ChannelHook.show(channel: NetworkChannel) {
    configure(channel)
    if (!channel.isOpen) throw IOException("a hook has closed the socket")
}

private fun <T> NetworkChannel.ask(name: String, option: SocketOption<T>, value: T) {
    if (option !in supportedOptions()) throw UnsupportedOperationException("$name is no option of this kind of socket here")
    try {
        setOption(option, value)
    } catch (e: IOException) {
        throw IOException("$name=$value: ${e.message}", e)
    }
}
