package io.hawser.benchmarks.server

import io.netty.channel.IoHandlerFactory
import io.netty.channel.ServerChannel
import io.netty.channel.nio.NioIoHandler
import io.netty.channel.socket.nio.NioServerSocketChannel

/** Netty on the selectors of the JDK. */
internal object NettyNio : Netty("netty-nio") {
    override val io: IoHandlerFactory get() = NioIoHandler.newFactory()
    override val channel: Class<out ServerChannel> get() = NioServerSocketChannel::class.java
}
