@file:OptIn(TransportApi::class)

package io.hawser.tcp

import io.hawser.BindFailed
import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.ConnectionReset
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.StreamIdentity
import io.hawser.engine.connect
import io.hawser.engine.listen
import io.hawser.event.ServerEvent
import io.hawser.testkit.LeakCheck
import io.hawser.transport.AcceptedInVain
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.InetSocketAddress
import java.net.SocketOption
import java.net.StandardProtocolFamily.INET
import java.net.StandardSocketOptions.SO_KEEPALIVE
import java.net.StandardSocketOptions.SO_LINGER
import java.net.StandardSocketOptions.SO_RCVBUF
import java.net.StandardSocketOptions.SO_REUSEADDR
import java.net.StandardSocketOptions.SO_REUSEPORT
import java.net.StandardSocketOptions.SO_SNDBUF
import java.net.StandardSocketOptions.TCP_NODELAY
import java.net.UnixDomainSocketAddress
import java.nio.channels.NetworkChannel
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.util.concurrent.atomic.AtomicInteger
import jdk.net.ExtendedSocketOptions.TCP_KEEPCOUNT
import jdk.net.ExtendedSocketOptions.TCP_KEEPIDLE
import jdk.net.ExtendedSocketOptions.TCP_KEEPINTERVAL
import kotlin.io.path.deleteExisting
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first

/** What the system is asked for, as the sockets have it in the end. */
class SocketOptionsSpec : StringSpec({
    extension(LeakCheck)

    "a hook that makes an accepted socket blocking does not have it block its loop" {
        val options = ServerOptions { socket { afterAccept { (it as SocketChannel).configureBlocking(true) } } }
        serving(options = options) { server ->
            Tcp.client("127.0.0.1", server.port).connect { silent ->
                server.connectionCount.first { it == 1 }
                repeat(4) {
                    Tcp.client("127.0.0.1", server.port).connect { connection ->
                        connection.writeLine("x")
                        connection.readLine() shouldBe "x"
                    }
                }
                silent.isOpen shouldBe true
            }
        }
    }

    "connections have the options that were asked for, on both sides, and the hooks see them first" {
        val seen = mutableMapOf<String, NetworkChannel>()
        val asked: SocketOptions.Builder.() -> Unit = {
            noDelay = false
            keepAlive = true
            keepAliveIdle = 77.seconds
            keepAliveInterval = 7.seconds
            keepAliveCount = 3
            linger = Duration.ZERO
            sendBuffer = 30_000
            receiveBuffer = 40_000
            beforeConnect {
                it.values() shouldBe expected
                (it as SocketChannel).isConnected shouldBe false
                seen["client"] = it
            }
            afterAccept {
                it.values() shouldBe expected
                Thread.currentThread().name shouldStartWith "hawser-loop"
                seen["server"] = it
            }
        }
        serving(options = ServerOptions { socket = SocketOptions(asked) }) { server ->
            Tcp.client("127.0.0.1", server.port, ClientOptions { socket = SocketOptions(asked) }).connect { connection ->
                connection.writeLine("here")
                connection.readLine() shouldBe "here"
                seen.mapValues { it.value.values() } shouldBe mapOf("client" to expected, "server" to expected)
            }
        }
    }

    "by default small writes leave at once, and nothing else is asked for" {
        val channels = mutableListOf<NetworkChannel>()
        val options = SocketOptions {
            beforeConnect { channels += it }
            afterAccept { channels += it }
        }
        serving(options = ServerOptions { socket = options }) { server ->
            Tcp.client("127.0.0.1", server.port, ClientOptions { socket = options }).connect { connection ->
                connection.writeLine("here")
                connection.readLine() shouldBe "here"
                channels.map { it.getOption(TCP_NODELAY) } shouldBe listOf(true, true)
                channels.map { it.getOption(SO_KEEPALIVE) } shouldBe listOf(false, false)
                channels.map { it.getOption(SO_LINGER) } shouldBe listOf(-1, -1)
            }
        }
    }

    "what a hook changes stays changed" {
        val options = SocketOptions {
            beforeConnect { it.setOption(TCP_NODELAY, false) }
        }
        val channel = CompletableDeferred<NetworkChannel>()
        val spying = SocketOptions {
            beforeConnect {
                options.beforeConnect?.configure(it)
                channel.complete(it)
            }
        }
        serving { server ->
            Tcp.client("127.0.0.1", server.port, ClientOptions { socket = spying }).connect().use {
                channel.await().getOption(TCP_NODELAY) shouldBe false
            }
        }
    }

    "a listener has its options before it is bound" {
        val options = SocketOptions {
            reuseAddress = false
            reusePort = true
            receiveBuffer = 20_000
            beforeBind {
                it.localAddress shouldBe null
                it.getOption(SO_REUSEADDR) shouldBe false
                it.getOption(SO_REUSEPORT) shouldBe true
                it.getOption(SO_RCVBUF) shouldBe 20_000
                Thread.currentThread().name shouldStartWith "hawser-loop"
            }
        }
        serving(options = ServerOptions { socket = options }) { server ->
            coroutineScope { Tcp.server("127.0.0.1", server.port, ServerOptions { socket = options }).start(this, echo).close() }
        }
    }

    "with linger zero a close resets" {
        val failure = CompletableDeferred<Throwable?>()
        serving({ connection -> failure.complete(runCatching { connection.readLine() }.exceptionOrNull()) }) { server ->
            val options = ClientOptions { socket = SocketOptions { linger = Duration.ZERO } }
            Tcp.client("127.0.0.1", server.port, options).connect().close()
            failure.await().shouldBeInstanceOf<ConnectionReset>()
        }
    }

    "a hook that throws before a bind or a connect is what that failed of" {
        val thrown =
            listOf(IOException("not today"), IllegalStateException("not today"), CancellationException("not today"), Error("not today"))
        val before = sockets()
        for (cause in thrown) {
            val options = SocketOptions {
                beforeBind { throw cause }
                beforeConnect { throw cause }
            }
            val bind = shouldThrow<BindFailed> { Binding(endpoint(), ServerOptions { socket = options }).listen() }
            bind.root() shouldBe cause
            bind.message shouldBe "cannot listen on tcp://127.0.0.1:9: not today"
            val connect = shouldThrow<ConnectFailed> { Tcp.client("127.0.0.1", 9, ClientOptions { socket = options }).connect() }
            connect.root() shouldBe cause
            connect.message shouldBe "cannot connect to tcp://127.0.0.1:9: not today"
            connect.reason shouldBe ConnectFailed.Reason.Other
        }
        sockets() shouldBe before
    }

    "a hook that closes the socket has failed it" {
        val options = ClientOptions { socket = SocketOptions { beforeConnect { it.close() } } }
        shouldThrow<ConnectFailed> { Tcp.client("127.0.0.1", 9, options).connect() }.message shouldBe
            "cannot connect to tcp://127.0.0.1:9: a hook has closed the socket"
    }

    "a hook that throws after an accept closes that one connection" {
        val accepted = AtomicInteger()
        val options = ServerOptions {
            socket = SocketOptions { afterAccept { if (accepted.incrementAndGet() == 1) throw Error("not today") } }
        }
        serving(options = options) { server ->
            val event = async(start = UNDISPATCHED) { server.events.filterIsInstance<ServerEvent.AcceptFailed>().first() }
            Tcp.client("127.0.0.1", server.port).connect { connection ->
                runCatching { connection.readLine() }.getOrNull() shouldBe null
            }
            event.await().cause.shouldBeInstanceOf<AcceptedInVain>().message shouldBe "a connection was accepted in vain: not today"
            Tcp.client("127.0.0.1", server.port).connect { connection ->
                connection.writeLine("here")
                connection.readLine() shouldBe "here"
            }
        }
    }

    "an option that a kind of socket has not got is refused by its name, but for those that are on by default" {
        val path = Files.createTempDirectory("hawser").resolve("socket")
        val address = UnixDomainSocketAddress.of(path)
        val loop = EventLoopGroup.shared.next()
        EventLoopGroup.shared.listen(address, StreamIdentity("unix"), backlog = 10).use {
            loop.connect(address, StreamIdentity("unix")).close()
            shouldThrow<UnsupportedOperationException> {
                loop.connect(address, StreamIdentity("unix"), SocketOptions { keepAlive = true })
            }.message shouldBe "keepAlive is no option of this kind of socket here"
            shouldThrow<UnsupportedOperationException> {
                loop.connect(address, StreamIdentity("unix"), SocketOptions { family = INET })
            }.message shouldBe "family is no option of Unix sockets: INET"
        }
        path.deleteExisting()
        shouldThrow<UnsupportedOperationException> {
            EventLoopGroup.shared.listen(address, StreamIdentity("unix"), backlog = 10, SocketOptions { reusePort = true })
        }.message shouldBe "reusePort is no option of this kind of socket here"
        path.parent.deleteExisting()
    }

    "where nobody listens, a connection that meets itself is refused" {
        val port = freePort()
        val options = ClientOptions {
            socket = SocketOptions {
                beforeConnect {
                    it.setOption(SO_REUSEADDR, true)
                    it.bind(InetSocketAddress(ownHost, port))
                }
            }
        }
        repeat(50) {
            val failure = shouldThrow<ConnectFailed> { Tcp.client(ownHost, port, options).connect() }
            failure.message shouldBe "cannot connect to tcp://$ownHost:$port: nobody listens there, and the connection met itself"
            failure.reason shouldBe ConnectFailed.Reason.Refused
        }
    }
})

private val expected = mapOf<SocketOption<*>, Any>(
    TCP_NODELAY to false,
    SO_KEEPALIVE to true,
    TCP_KEEPIDLE to 77,
    TCP_KEEPINTERVAL to 7,
    TCP_KEEPCOUNT to 3,
    SO_LINGER to 0,
    SO_SNDBUF to 30_000,
    SO_RCVBUF to 40_000,
)

private fun NetworkChannel.values(): Map<SocketOption<*>, Any> = expected.keys.associateWith { getOption(it) }

private fun endpoint() = Endpoint.Inet("tcp", "127.0.0.1", 9)

/** Coroutines may hand on a copy whose cause is the original. */
private fun Throwable.root(): Throwable? = generateSequence(this) { it.cause }.last()
