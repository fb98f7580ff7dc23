package io.hawser.benchmarks.server

import io.hawser.benchmarks.Tools
import io.netty.channel.ChannelOption
import io.netty.channel.socket.ChannelInputShutdownEvent
import io.vertx.core.DeploymentOptions
import io.vertx.core.Future
import io.vertx.core.Handler
import io.vertx.core.VerticleBase
import io.vertx.core.Vertx as Engine
import io.vertx.core.VertxOptions
import io.vertx.core.buffer.Buffer
import io.vertx.core.internal.net.NetSocketInternal
import io.vertx.core.net.NetServerOptions
import io.vertx.core.net.NetSocket
import java.nio.file.Path

/** Vert.x with an instance of the server per core, on its native transport. */
internal object Vertx : JvmContestant("vertx", tcpServices) {
    /** A negative port is any free one that all instances share. */
    private const val SHARED_PORT = -1

    override val foreignMemory: Long get() = NettyMemory.foreign

    override fun version(tools: Tools): String = "Vert.x ${versionOf("vertx")}"

    override fun serve(service: String, file: Path) {
        val converse = conversation(service, file)
        val vertx = Engine.vertx(VertxOptions().setPreferNativeTransport(true))
        val instances = List(Runtime.getRuntime().availableProcessors()) { Instance(converse) }
        Future.all(instances.map(vertx::deployVerticle)).toCompletionStage().toCompletableFuture().join()
        announce(instances.first().port)
    }

    private class Instance(private val converse: Handler<NetSocket>) : VerticleBase() {
        var port = 0
            private set

        override fun start(): Future<*> =
            vertx.createNetServer(NetServerOptions().setHost(LOOPBACK).setPort(SHARED_PORT).setTcpNoDelay(true))
                .connectHandler { socket ->
                    socket.exceptionHandler { socket.close() }
                    converse.handle(socket)
                }
                .listen()
                .onSuccess { port = it.actualPort() }
    }

    private fun conversation(service: String, file: Path): Handler<NetSocket> = when (service) {
        ECHO -> Handler { it.pipeTo(it) }
        SINK -> Handler(::sink)
        SOURCE -> Buffer.buffer(file.toFile().readBytes()).let { content -> Handler { source(it, content) } }
        FILE -> Handler { socket -> socket.handler { requests -> repeat(requests.length()) { socket.sendFile("$file") } } }
        else -> unknown(service)
    }

    /** Vert.x closes at the end of the peer's direction, unless Netty below it is told not to. */
    private fun sink(socket: NetSocket) {
        var received = 0L
        socket as NetSocketInternal
        socket.channelHandlerContext().channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        socket.eventHandler { if (it is ChannelInputShutdownEvent) socket.end(Buffer.buffer().appendLong(received)) }
        socket.handler { received += it.length() }
    }

    /** A closed socket is never full: there it is the write that fails. */
    private fun source(socket: NetSocket, content: Buffer) {
        var at = 0
        fun writeOn() {
            while (!socket.writeQueueFull()) {
                val piece = content.slice(at, minOf(at + PIECE, content.length()))
                at = (at + piece.length()) % content.length()
                if (socket.write(piece).failed()) return
            }
        }
        socket.drainHandler { writeOn() }
        socket.handler { writeOn() }
    }
}
