package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.netty.bootstrap.Bootstrap
import io.netty.bootstrap.ServerBootstrap
import io.netty.buffer.ByteBuf
import io.netty.buffer.Unpooled
import io.netty.channel.ChannelFutureListener
import io.netty.channel.ChannelHandler
import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInboundHandlerAdapter
import io.netty.channel.ChannelInitializer
import io.netty.channel.ChannelOption
import io.netty.channel.DefaultFileRegion
import io.netty.channel.IoHandlerFactory
import io.netty.channel.MultiThreadIoEventLoopGroup
import io.netty.channel.ServerChannel
import io.netty.channel.socket.ChannelInputShutdownEvent
import io.netty.channel.socket.DatagramChannel
import io.netty.channel.socket.DatagramPacket
import io.netty.channel.socket.DuplexChannel
import io.netty.channel.socket.SocketChannel
import io.netty.handler.ssl.SslContext
import io.netty.handler.ssl.SslContextBuilder
import io.netty.handler.ssl.SslProvider
import java.io.File
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.nio.file.Path

/** What Netty serves: it has no Unix datagrams on the selectors of the JDK. */
internal val nettyServices: Set<String> = tcpServices + setOf(UNIX_ECHO, UDP_ECHO, UDP_SINK, TLS_ECHO)

/** What all of Netty's transports share: an event loop per core, and the services. */
internal sealed class Netty(name: String, services: Set<String> = nettyServices) : JvmContestant(name, services) {
    protected abstract val io: IoHandlerFactory
    protected abstract val channel: Class<out ServerChannel>
    protected abstract val unixChannel: Class<out ServerChannel>
    protected abstract val datagramChannel: Class<out DatagramChannel>

    protected open val tlsProvider: SslProvider get() = SslProvider.JDK

    /** A path as the Unix channel calls it. */
    protected abstract fun unixAddress(path: Path): SocketAddress

    override val foreignMemory: Long get() = NettyMemory.foreign

    override fun version(tools: Tools): String = "Netty ${versionOf("netty")}"

    override fun serve(service: String, file: Path): Unit = when (service) {
        UNIX_ECHO -> newPath().let { path ->
            bind(unixChannel, unixAddress(path), tls = null) { Echo() }
            announce("unix:$path")
        }

        UDP_ECHO -> bindDatagrams(DatagramEcho())

        UDP_SINK -> bindDatagrams(DatagramSink())

        TLS_ECHO -> {
            val tls = SslContextBuilder.forServer(file.toFile(), keyBeside(file).toFile()).sslProvider(tlsProvider).build()
            announce("tls://$LOOPBACK:${bind(tls, ::Echo)}")
        }

        else -> announce(bind(tls = null, handlers(service, file)))
    }

    /** Returns the port. */
    private fun bind(tls: SslContext?, newHandler: () -> ChannelHandler): Int =
        (bind(channel, InetSocketAddress(LOOPBACK, 0), tls, newHandler) as InetSocketAddress).port

    private fun bind(
        channel: Class<out ServerChannel>,
        address: SocketAddress,
        tls: SslContext?,
        newHandler: () -> ChannelHandler,
    ): SocketAddress {
        val bootstrap = ServerBootstrap().group(newGroup()).channel(channel).childHandler(
            object : ChannelInitializer<DuplexChannel>() {
                override fun initChannel(accepted: DuplexChannel) {
                    if (accepted is SocketChannel) accepted.config().isTcpNoDelay = true
                    if (tls != null) accepted.pipeline().addLast(tls.newHandler(accepted.alloc()))
                    accepted.pipeline().addLast(newHandler())
                }
            },
        )
        return bootstrap.bind(address).sync().channel().localAddress()
    }

    private fun bindDatagrams(handler: ChannelHandler) {
        val bound = Bootstrap().group(newGroup()).channel(datagramChannel).handler(handler).bind(LOOPBACK, 0).sync().channel()
        announce("udp://$LOOPBACK:${(bound.localAddress() as InetSocketAddress).port}")
    }

    private fun newGroup() = MultiThreadIoEventLoopGroup(Runtime.getRuntime().availableProcessors(), io)

    private fun handlers(service: String, file: Path): () -> ChannelHandler = when (service) {
        ECHO -> ::Echo

        SINK -> ::Sink

        SOURCE -> file.toFile().readBytes().let { bytes ->
            val content = Unpooled.unreleasableBuffer(Unpooled.directBuffer(bytes.size).writeBytes(bytes))
            ({ Source(content) })
        }

        FILE -> file.toFile().let { { Sender(it) } }

        else -> unknown(service)
    }

    private abstract class Handler : ChannelInboundHandlerAdapter() {
        @Deprecated("Netty marks it so in ChannelHandler, and not in ChannelInboundHandler")
        override fun exceptionCaught(context: ChannelHandlerContext, cause: Throwable) {
            context.close()
        }
    }

    /**
     * Writes what a read brings and flushes once all of it has been read: one system call for each way. Reads nothing more while the
     * peer does not take it.
     */
    private class Echo : Handler() {
        override fun channelRead(context: ChannelHandlerContext, message: Any) {
            context.write(message, context.voidPromise())
        }

        override fun channelReadComplete(context: ChannelHandlerContext) {
            context.flush()
        }

        override fun channelWritabilityChanged(context: ChannelHandlerContext) {
            context.channel().config().isAutoRead = context.channel().isWritable
        }
    }

    private class Sink : Handler() {
        private var received = 0L

        override fun handlerAdded(context: ChannelHandlerContext) {
            context.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        }

        override fun channelRead(context: ChannelHandlerContext, message: Any) {
            received += (message as ByteBuf).readableBytes()
            message.release()
        }

        override fun userEventTriggered(context: ChannelHandlerContext, event: Any) {
            if (event !is ChannelInputShutdownEvent) return
            context.writeAndFlush(context.alloc().buffer().writeLong(received)).addListener(ChannelFutureListener.CLOSE)
        }
    }

    private class Source(private val content: ByteBuf) : Handler() {
        private var asked = false
        private var at = 0

        override fun channelRead(context: ChannelHandlerContext, message: Any) {
            (message as ByteBuf).release()
            asked = true
            writeOn(context)
        }

        override fun channelWritabilityChanged(context: ChannelHandlerContext) {
            if (asked) writeOn(context)
        }

        private fun writeOn(context: ChannelHandlerContext) {
            while (context.channel().isWritable) {
                val piece = content.slice(at, minOf(PIECE, content.writerIndex() - at))
                // First, because the write may have us called again.
                at = (at + piece.readableBytes()) % content.writerIndex()
                context.writeAndFlush(piece, context.voidPromise())
            }
        }
    }

    /** Writes each back to its sender, and flushes once all that had come are read. */
    private class DatagramEcho : Handler() {
        override fun channelRead(context: ChannelHandlerContext, message: Any) {
            val packet = message as DatagramPacket
            context.write(DatagramPacket(packet.content(), packet.sender()), context.voidPromise())
        }

        override fun channelReadComplete(context: ChannelHandlerContext) {
            context.flush()
        }
    }

    private class DatagramSink : Handler() {
        private var datagrams = 0L
        private var bytes = 0L

        override fun channelRead(context: ChannelHandlerContext, message: Any) {
            val packet = message as DatagramPacket
            val size = packet.content().readableBytes()
            packet.release()
            if (size == 1) {
                val answer = context.alloc().buffer().writeLong(datagrams).writeLong(bytes)
                context.writeAndFlush(DatagramPacket(answer, packet.sender()), context.voidPromise())
            } else {
                datagrams++
                bytes += size
            }
        }
    }

    private class Sender(private val file: File) : Handler() {
        override fun channelRead(context: ChannelHandlerContext, message: Any) {
            val requests = (message as ByteBuf).readableBytes()
            message.release()
            repeat(requests) { context.writeAndFlush(DefaultFileRegion(file, 0, file.length()), context.voidPromise()) }
        }
    }
}
