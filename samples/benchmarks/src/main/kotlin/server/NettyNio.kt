package io.hawser.benchmarks.server

import io.netty.channel.IoHandlerFactory
import io.netty.channel.ServerChannel
import io.netty.channel.nio.NioIoHandler
import io.netty.channel.socket.DatagramChannel
import io.netty.channel.socket.nio.NioDatagramChannel
import io.netty.channel.socket.nio.NioServerDomainSocketChannel
import io.netty.channel.socket.nio.NioServerSocketChannel
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.file.Path

/** Netty on the selectors of the JDK. */
internal object NettyNio : Netty("netty-nio") {
    override val io: IoHandlerFactory get() = NioIoHandler.newFactory()
    override val channel: Class<out ServerChannel> get() = NioServerSocketChannel::class.java
    override val unixChannel: Class<out ServerChannel> get() = NioServerDomainSocketChannel::class.java
    override val datagramChannel: Class<out DatagramChannel> get() = NioDatagramChannel::class.java

    override fun unixAddress(path: Path): SocketAddress = UnixDomainSocketAddress.of(path)
}
