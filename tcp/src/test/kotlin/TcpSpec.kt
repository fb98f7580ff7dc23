@file:OptIn(TransportApi::class)

package io.hawser.tcp

import io.hawser.BindFailed
import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.ConnectTimeout
import io.hawser.Connection
import io.hawser.EventLoopClosed
import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.testkit.LeakCheck
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** What is TCP's own: addresses, ports, and what the system does with descriptors. */
class TcpSpec : StringSpec({
    extension(LeakCheck)

    "a taken port is refused by name, and free again afterwards" {
        serving(host = ownHost) { server ->
            coroutineScope {
                val failure = shouldThrow<BindFailed> { Tcp.server(ownHost, server.port).start(this, echo) }
                failure.message shouldBe "cannot listen on tcp://$ownHost:${server.port}: Address already in use"
                failure.endpoint.toString() shouldBe "tcp://$ownHost:${server.port}"
                failure.reason shouldBe BindFailed.Reason.AddressInUse
            }
            server.shutdown()
            serving(host = ownHost) { }
            coroutineScope { Tcp.server(ownHost, server.port).start(this, echo).close() }
        }
    }

    "a server starts again on its port, with connections of the last one still about" {
        serving { first ->
            val port = first.port
            val old = List(20) { Tcp.client("127.0.0.1", port).connect() }
            first.connectionCount.first { it == 20 }
            first.close()
            first.awaitClosed()
            repeat(5) {
                coroutineScope {
                    Tcp.server("127.0.0.1", port).start(this, echo).use { server ->
                        Tcp.client("127.0.0.1", port).connect { connection ->
                            connection.writeLine("$it")
                            connection.readLine() shouldBe "$it"
                        }
                        server.close()
                        server.awaitClosed()
                    }
                }
            }
            old.forEach(Connection::close)
        }
    }

    "nobody there is ConnectFailed" {
        val port = freePort()
        val failure = shouldThrow<ConnectFailed> { Tcp.client(ownHost, port).connect() }
        failure.message shouldStartWith "cannot connect to tcp://$ownHost:$port: "
        failure.endpoint.toString() shouldBe "tcp://$ownHost:$port"
        failure.reason shouldBe ConnectFailed.Reason.Refused
        failure.suppressed.size shouldBe 0
    }

    "an unknown host is ConnectFailed for a client, BindFailed for a server" {
        shouldThrow<ConnectFailed> { Tcp.client("no.such.host.invalid", 80).connect() }.message shouldBe
            "cannot connect to tcp://no.such.host.invalid:80: unknown host"
        coroutineScope {
            shouldThrow<BindFailed> { Tcp.server("no.such.host.invalid", 0).start(this, echo) }.message shouldBe
                "cannot listen on tcp://no.such.host.invalid:0: unknown host"
        }
    }

    "nobody answering is ConnectTimeout, and holds nothing" {
        // A listener that accepts nobody, whose queue is full: further SYNs are dropped.
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { full ->
            val queued = mutableListOf<Socket>()
            val options = ClientOptions { connectTimeout = 300.milliseconds }
            val client = Tcp.client("127.0.0.1", full.localPort, options)
            val failure = withTimeout(HANG) {
                val held = mutableListOf<Connection>()
                try {
                    var failure: Throwable? = null
                    while (failure == null) failure = runCatching { held += client.connect() }.exceptionOrNull()
                    failure
                } finally {
                    held.forEach(Connection::close)
                }
            }
            (failure is ConnectTimeout) shouldBe true
            failure.message shouldContain "nobody answered within 300 ms"
            queued.forEach(Socket::close)
        }
    }

    "ports and hosts that are none are refused with their value" {
        shouldThrow<IllegalArgumentException> { Tcp.server("127.0.0.1", 70_000) }.message shouldContain "70000"
        shouldThrow<IllegalArgumentException> { Tcp.server("", 0) }.message shouldContain "no host"
        shouldThrow<IllegalArgumentException> { Tcp.client("127.0.0.1", 0) }.message shouldContain "needs a port"
        for (host in listOf("*", "0.0.0.0", "::", "[::]", "0:0::0")) {
            shouldThrow<IllegalArgumentException> { Tcp.client(host, 80) }.message shouldContain "a client needs a host: \"tcp://"
        }
        for (host in listOf("a b", "[zoo", "x/y", "a@b", "[db]")) {
            val message = "host \"$host\" is not a host name: \"tcp://$host:80\""
            shouldThrow<IllegalArgumentException> { Tcp.client(host, 80) }.message shouldBe message
            shouldThrow<IllegalArgumentException> { Tcp.server(host, 80) }.message shouldBe message
        }
        for (host in listOf("db:5432", "localhost:80", "[db:80]", "http://x")) {
            val bare = host.removeSurrounding("[", "]")
            shouldThrow<IllegalArgumentException> { Tcp.client(host, 80) }.message shouldBe
                "host \"$bare\" is neither a host name nor an IPv6 address: \"tcp://[$bare]:80\""
        }
        Tcp.client("[fe80::1%eth0]", 80).endpoint.toString() shouldBe "tcp://[fe80::1%eth0]:80"
    }

    "an idle connection that is closed from outside frees its descriptor at once" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "idle"
            },
        )
        group.use {
            serving({ awaitCancellation() }) { server ->
                val client = Tcp.client("127.0.0.1", server.port, ClientOptions { this.group = group })
                val connection = client.connect()
                // Registered with its selector, which then has nothing to do.
                val reading = async(start = UNDISPATCHED) { runCatching { connection.readLine() } }
                server.connectionCount.first { it == 1 }
                val before = sockets()
                connection.close()
                connection.awaitClosed()
                before - sockets() shouldBe 1
                reading.await()
            }
        }
    }

    "the count of connections falls when the descriptor is free" {
        serving { server ->
            val connections = List(10) { Tcp.client("127.0.0.1", server.port).connect() }
            server.connectionCount.first { it == 10 }
            val before = sockets()
            server.close()
            server.connectionCount.first { it == 0 }
            // The listener and ten accepted sockets.
            before - sockets() shouldBe 11
            connections.forEach(Connection::close)
        }
    }

    "addresses are there when the socket is long gone" {
        val gone = CompletableDeferred<Connection>()
        serving({ gone.complete(it) }) { server ->
            val client = Tcp.client("127.0.0.1", server.port).connect()
            val connection = gone.await()
            connection.awaitClosed()
            connection.remote shouldBe client.local
            connection.local shouldBe server.address
            client.close()
        }
    }

    "a handler that interrupts its loop and reads on is not disturbed" {
        serving({ connection ->
            while (true) {
                Thread.currentThread().interrupt()
                connection.writeLine(connection.readLine() ?: break)
            }
        }) { server ->
            Tcp.client("127.0.0.1", server.port).connect { connection ->
                repeat(100) {
                    connection.writeLine("$it")
                    connection.readLine() shouldBe "$it"
                }
            }
        }
    }

    "serve throws what its loop died of" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "served"
            },
        )
        shouldThrow<EventLoopClosed> {
            withTimeout(HANG) {
                Tcp.server("127.0.0.1", port = 0, ServerOptions { this.group = group }).serve(onStart = { group.close() }, handler = echo)
            }
        }
    }

    "a handler that returns waits half a second at most for a peer that goes on sending" {
        serving({ connection -> connection.writeLine("bye") }) { server ->
            Tcp.client("127.0.0.1", server.port).connect { connection ->
                connection.readLine() shouldBe "bye"
                // Neither ends nor is it silent: 64 KiB every now and then, far below what lingering throws away.
                val sending = async {
                    runCatching {
                        while (true) {
                            connection.write(ByteBuffer.allocate(16))
                            yield()
                        }
                    }
                }
                withTimeout(10.seconds) { server.connectionCount.first { it == 0 } }
                sending.await().isFailure shouldBe true
            }
        }
    }
})
