@file:OptIn(TransportApi::class)

package io.hawser.tcp

import io.hawser.BindFailed
import io.hawser.Candidate
import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.ConnectTimeout
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.StreamClient
import io.hawser.testkit.LeakCheck
import io.hawser.transport.Connector
import io.hawser.transport.InternetFamily
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.ConnectException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6
import java.nio.channels.SocketChannel
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** Names with several addresses, and servers and clients of one family of them. */
class AddressesSpec : StringSpec({
    extension(LeakCheck)

    "a connect that times out tells what failed until then" {
        silent("127.0.0.9", 0) { port ->
            val client = dialing(port, listOf("127.0.0.8", "127.0.0.9"), ClientOptions { connectTimeout = 5.seconds })
            shouldThrow<ConnectTimeout> { client.connect() }.suppressed.map { it.message } shouldBe
                listOf("cannot connect to tcp://127.0.0.8:$port: Connection refused")
        }
    }

    "the families take turns, the first address's first" {
        fun List<String>.inTurn() = map(InetAddress::getByName).interleaved().map { it.hostAddress.removePrefix("0:0:0:0:0:0:0:") }
        val addresses = listOf("::1", "::2", "::3", "10.0.0.1", "10.0.0.2")
        addresses.inTurn() shouldBe listOf("1", "10.0.0.1", "2", "10.0.0.2", "3")
        addresses.reversed().inTurn() shouldBe listOf("10.0.0.2", "3", "10.0.0.1", "2", "1")
        emptyList<String>().inTurn() shouldBe emptyList()
    }

    "where one address refuses the next one is taken" {
        serving { server ->
            dialing(server.port, listOf("127.0.0.9", "127.0.0.1")).connect { connection ->
                connection.writeLine("here")
                connection.readLine() shouldBe "here"
                (connection.remote as InetSocketAddress).address.hostAddress shouldBe "127.0.0.1"
            }
        }
    }

    "where one address is silent the next one is taken, and nothing is left of the first" {
        serving { server ->
            silent("127.0.0.9", server.port) {
                val before = sockets()
                repeat(20) {
                    val options = ClientOptions { attemptDelay = 10.milliseconds }
                    val connection = dialing(server.port, listOf("127.0.0.9", "127.0.0.1"), options).connect()
                    connection.writeLine("here")
                    connection.readLine() shouldBe "here"
                    sockets() - before shouldBe 2
                    connection.close()
                    connection.awaitClosed()
                    server.connectionCount.first { it == 0 }
                }
            }
        }
    }

    "a connect that is cancelled while several addresses are silent leaves nothing" {
        silent("127.0.0.9", 0) { port ->
            val before = sockets()
            val options = ClientOptions { attemptDelay = 1.milliseconds }
            val client = dialing(port, List(5) { "127.0.0.9" }, options)
            coroutineScope {
                val connecting = launch { client.connect() }
                while (sockets() < before + 5) delay(1.milliseconds)
                connecting.cancelAndJoin()
            }
            sockets() shouldBe before
            val hasty = dialing(port, List(5) { "127.0.0.9" }, ClientOptions { connectTimeout = 50.milliseconds })
            shouldThrow<ConnectTimeout> { hasty.connect() }.reason shouldBe ConnectFailed.Reason.TimedOut
            sockets() shouldBe before
        }
    }

    "where all fail the first one's failure is the cause, and each one's is there under its own address" {
        serving { server ->
            // Nobody else listens there on all addresses.
            val port = server.port
            val failure = shouldThrow<ConnectFailed> { dialing(port, listOf("127.0.0.8", "127.0.0.9")).connect() }
            failure.message shouldBe "cannot connect to tcp://many.test:$port: Connection refused"
            failure.reason shouldBe ConnectFailed.Reason.Refused
            failure.cause.shouldBeInstanceOf<ConnectException>()
            failure.suppressed.map { it.message } shouldBe listOf(
                "cannot connect to tcp://127.0.0.8:$port: Connection refused",
                "cannot connect to tcp://127.0.0.9:$port: Connection refused",
            )
            val alone = shouldThrow<ConnectFailed> { dialing(port, listOf("127.0.0.8")).connect() }
            alone.message shouldBe "cannot connect to tcp://many.test:$port: Connection refused"
            alone.cause.shouldBeInstanceOf<ConnectException>()
            alone.suppressed.size shouldBe 0
        }
    }

    "a server whose name nobody looks up fails in time" {
        val endpoint = Endpoint.Inet("tcp", "slow.test", 80)
        val failure = shouldThrow<BindFailed> { Binding(endpoint, ServerOptions(), 20.milliseconds) { awaitCancellation() }.listen() }
        failure.message shouldBe "cannot listen on tcp://slow.test:80: its name was not looked up within 20ms"
        failure.reason shouldBe BindFailed.Reason.UnknownHost
    }

    "clients of one family use its addresses only" {
        serving { server ->
            val four = ClientOptions { socket = SocketOptions { family = INET } }
            val six = ClientOptions { socket = SocketOptions { family = INET6 } }
            dialing(server.port, listOf("::1", "127.0.0.1"), four).connect().use {
                it.remote.shouldBeInstanceOf<InetSocketAddress>().address.hostAddress shouldBe "127.0.0.1"
            }
            val none = shouldThrow<ConnectFailed> { Tcp.client("127.0.0.1", server.port, six).connect() }
            none.message shouldBe "cannot connect to tcp6://127.0.0.1:${server.port}: it has no IPv6 address"
            none.reason shouldBe ConnectFailed.Reason.UnknownHost
            shouldThrow<ConnectFailed> { Tcp.client("::1", server.port, four).connect() }.message shouldBe
                "cannot connect to tcp4://[::1]:${server.port}: it has no IPv4 address"
        }
    }

    "a server of IPv4 is not to be reached over IPv6" {
        serving(options = ServerOptions { socket = SocketOptions { family = INET } }, host = "*") { server ->
            server.endpoint.toString() shouldBe "tcp4://*:${server.port}"
            (server.address as InetSocketAddress).address.hostAddress shouldBe "0.0.0.0"
            Tcp.client("127.0.0.1", server.port).connect().close()
            shouldThrow<ConnectFailed> { Tcp.client("::1", server.port).connect() }.reason shouldBe ConnectFailed.Reason.Refused
            coroutineScope {
                val failure = shouldThrow<BindFailed> { Tcp.server("::1", 0, server4).start(this, echo) }
                failure.message shouldBe "cannot listen on tcp4://[::1]:0: it has no IPv4 address"
                failure.reason shouldBe BindFailed.Reason.UnknownHost
            }
        }
    }

    "a server on 0.0.0.0 is not to be reached over IPv6" {
        serving(host = "0.0.0.0") { server ->
            Tcp.client("127.0.0.1", server.port).connect().close()
            shouldThrow<ConnectFailed> { Tcp.client("::1", server.port).connect() }.reason shouldBe ConnectFailed.Reason.Refused
        }
    }

    "a server of IPv6 turns away who comes from IPv4" {
        val six = ServerOptions { socket = SocketOptions { family = INET6 } }
        val endpoint = Endpoint.Inet("tcp6", "*", 0)
        Binding(endpoint, six).listen().use { listener ->
            val port = (listener.address as InetSocketAddress).port
            listener.endpoint.toString() shouldBe "tcp6://*:$port"
            val admitted = listOf("127.0.0.1", "::1").map { host ->
                SocketChannel.open(InetSocketAddress(host, port)).use {
                    val accepted = listener.accept()
                    accepted.close()
                    accepted.awaitClosed()
                    listener.admission.admits(Candidate(accepted.local, accepted.remote))
                }
            }
            admitted shouldBe listOf(false, true)
            "${listener.admission}" shouldBe "IPv6 only"
        }
        coroutineScope {
            shouldThrow<BindFailed> { Tcp.server("127.0.0.1", 0, six).start(this, echo) }.message shouldBe
                "cannot listen on tcp6://127.0.0.1:0: it has no IPv6 address"
        }
    }

    "an IPv6 address may stand in brackets" {
        serving(host = "[::1]") { server ->
            Tcp.client("[::1]", server.port).endpoint.toString() shouldBe "tcp://[::1]:${server.port}"
            for (host in listOf("[::1]", "::1")) {
                Tcp.client(host, server.port).connect { connection ->
                    connection.writeLine(host)
                    connection.readLine() shouldBe host
                }
            }
        }
        Tcp.server("[::1]", 80).endpoint.toString() shouldBe "tcp://[::1]:80"
        shouldThrow<IllegalArgumentException> { Tcp.server("[localhost]", 80) }.message shouldBe
            "host \"[localhost]\" is not a host name: \"tcp://[localhost]:80\""
    }
})

private val server4 = ServerOptions { socket = SocketOptions { family = INET } }

private fun dialing(port: Int, addresses: List<String>, options: ClientOptions = ClientOptions()): StreamClient {
    val endpoint = Endpoint.Inet(InternetFamily.of(options.socket.family).scheme(Tcp.SCHEME), "many.test", port)
    val dialer = Dialer(endpoint, options) { addresses.map(InetAddress::getByName) }
    return StreamClient(endpoint, options, Connector(InetSocketAddress.createUnresolved("many.test", port), dialer::connect))
}

/** Runs [block] while whoever connects to [host] gets no answer: its listener's queue is full, so that the system drops what comes. */
private suspend fun silent(host: String, port: Int, block: suspend (Int) -> Unit) {
    ServerSocket(port, 1, InetAddress.getByName(host)).use { listener ->
        val queued = mutableListOf<SocketChannel>()
        try {
            do {
                val channel = SocketChannel.open().also { queued += it }
                val answered = runCatching { channel.socket().connect(listener.localSocketAddress, 200) }.isSuccess
            } while (answered)
            block(listener.localPort)
        } finally {
            queued.forEach(SocketChannel::close)
        }
    }
}
