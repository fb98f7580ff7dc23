package io.hawser.benchmarks.server

import io.netty.channel.IoHandlerFactory
import io.netty.channel.ServerChannel
import io.netty.channel.epoll.EpollDatagramChannel
import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.epoll.EpollServerDomainSocketChannel
import io.netty.channel.epoll.EpollServerSocketChannel
import io.netty.channel.socket.DatagramChannel
import io.netty.channel.unix.DomainSocketAddress
import java.net.SocketAddress
import java.nio.file.Path

/** Netty on its native epoll, with whatever TLS. */
internal sealed class NettyOnEpoll(name: String, services: Set<String> = nettyServices) : Netty(name, services) {
    override val io: IoHandlerFactory get() = EpollIoHandler.newFactory()
    override val channel: Class<out ServerChannel> get() = EpollServerSocketChannel::class.java
    override val unixChannel: Class<out ServerChannel> get() = EpollServerDomainSocketChannel::class.java
    override val datagramChannel: Class<out DatagramChannel> get() = EpollDatagramChannel::class.java

    override fun unixAddress(path: Path): SocketAddress = DomainSocketAddress("$path")
}

internal object NettyEpoll : NettyOnEpoll("netty-epoll")
