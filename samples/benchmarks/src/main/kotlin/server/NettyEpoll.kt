package io.hawser.benchmarks.server

import io.netty.channel.IoHandlerFactory
import io.netty.channel.ServerChannel
import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.epoll.EpollServerSocketChannel

/** Netty on its native epoll. */
internal object NettyEpoll : Netty("netty-epoll") {
    override val io: IoHandlerFactory get() = EpollIoHandler.newFactory()
    override val channel: Class<out ServerChannel> get() = EpollServerSocketChannel::class.java
}
