package io.hawser.benchmarks.server

import io.netty.bootstrap.ServerBootstrap
import io.netty.channel.ChannelHandler
import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInboundHandlerAdapter
import io.netty.channel.ChannelInitializer
import io.netty.channel.ChannelOption
import io.netty.channel.IoHandlerFactory
import io.netty.channel.MultiThreadIoEventLoopGroup
import io.netty.channel.ServerChannel
import io.netty.channel.socket.SocketChannel
import java.net.InetSocketAddress

/** Writes what a read brings and flushes once all of it has been read: one system call for each way. */
@ChannelHandler.Sharable
private object EchoHandler : ChannelInboundHandlerAdapter() {
    override fun channelRead(context: ChannelHandlerContext, message: Any) {
        context.write(message, context.voidPromise())
    }

    override fun channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
    }

    @Deprecated("Netty marks it so in ChannelHandler, and not in ChannelInboundHandler")
    override fun exceptionCaught(context: ChannelHandlerContext, cause: Throwable) {
        context.close()
    }
}

/** The echo server that all of Netty's transports share. Binds and returns the port; the event loops go on. */
internal fun startNettyEcho(io: IoHandlerFactory, channel: Class<out ServerChannel>, host: String): Int {
    val server = ServerBootstrap()
        .group(MultiThreadIoEventLoopGroup(Runtime.getRuntime().availableProcessors(), io))
        .channel(channel)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            object : ChannelInitializer<SocketChannel>() {
                override fun initChannel(accepted: SocketChannel) {
                    accepted.pipeline().addLast(EchoHandler)
                }
            },
        )
    return (server.bind(host, 0).sync().channel().localAddress() as InetSocketAddress).port
}
