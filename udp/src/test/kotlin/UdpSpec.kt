package io.hawser.udp

import io.hawser.BindFailed
import io.hawser.ConnectFailed
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServerOptions
import io.hawser.DatagramTooLarge
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.PeerUnreachable
import io.hawser.SocketOptions
import io.hawser.event.DatagramEvent
import io.hawser.event.DropReason
import io.hawser.testkit.DatagramFaultProxy
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.net.DatagramPacket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.NetworkInterface
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6
import java.net.StandardSocketOptions.SO_RCVBUF
import java.util.concurrent.CountDownLatch
import java.util.concurrent.SynchronousQueue
import java.util.concurrent.ThreadPoolExecutor
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

class UdpSpec : StringSpec({
    extension(LeakCheck)

    "65 507 bytes are the most over IPv4, 65 527 over IPv6" {
        for ((host, most) in listOf("127.0.0.1" to 65_507, "::1" to 65_527)) {
            coroutineScope {
                Udp.server(host, port = 0).start(this) { reply(it.bytes) }.use { server ->
                    Udp.client(host, server.port).open { socket ->
                        shouldThrow<DatagramTooLarge> { socket.send(ByteArray(most + 1)) }.run { size to limit } shouldBe (most + 1 to most)
                        socket.send(ByteArray(most))
                        withTimeout(HANG) { socket.receive().bytes.size } shouldBe most
                    }
                }
            }
        }
    }

    "nobody there is one failure of a pending receive, and the socket keeps receiving" {
        java.net.DatagramSocket(0, loopback).use { peer ->
            // Connected to somebody else it is nobody to us, and nobody else gets its port.
            peer.connect(loopback, 9)
            Udp.client("127.0.0.1", peer.localPort).open { socket ->
                repeat(3) {
                    socket.send("anybody?".encodeToByteArray())
                    shouldThrow<PeerUnreachable> { withTimeout(HANG) { socket.receive() } }.endpoint shouldBe
                        Endpoint.parse("udp://127.0.0.1:${peer.localPort}")
                }
                peer.connect(socket.local)
                peer.send(DatagramPacket("here".encodeToByteArray(), 4))
                withTimeout(HANG) { socket.receive().text } shouldBe "here"
            }
        }
    }

    "a client that is gone costs its server nothing, a thousand times" {
        coroutineScope {
            Udp.server("::1", port = 0).start(this) { reply(it.bytes) }.use { server ->
                // Over IPv6, where no server of other tests gets the answers.
                repeat(1_000) { Udp.client("::1", server.port).open { it.send(ByteArray(1)) } }
                Udp.client("::1", server.port).request("alive".encodeToByteArray(), timeout = 5.seconds).text shouldBe "alive"
                server.totals.failed shouldBe 0
            }
        }
    }

    "a socket hears nobody but its peer" {
        coroutineScope {
            Udp.server(port = 0).start(this) { reply(it.bytes) }.use { server ->
                Udp.client("127.0.0.1", server.port).open { socket ->
                    java.net.DatagramSocket(0, loopback).use { it.send(DatagramPacket(ByteArray(3), 3, socket.local)) }
                    socket.send("mine".encodeToByteArray())
                    withTimeout(HANG) { socket.receive().text } shouldBe "mine"
                }
            }
        }
    }

    "an open socket sends to whom it is told, and receives from everybody" {
        coroutineScope {
            Udp.server(port = 0).start(this) { reply("one".encodeToByteArray()) }.use { one ->
                Udp.server(port = 0).start(this) { reply("two".encodeToByteArray()) }.use { two ->
                    Udp.open("127.0.0.1").use { socket ->
                        for ((server, answer) in listOf(one to "one", two to "two")) {
                            socket.send(ByteArray(0), server.address)
                            withTimeout(HANG) { socket.receive() }.run { text to sender } shouldBe (answer to server.address)
                        }
                        shouldThrow<IllegalStateException> { socket.send(ByteArray(1)) }.message shouldBe
                            "socket at udp://127.0.0.1:${(socket.local as InetSocketAddress).port} has no peer: say whom to send to"
                    }
                }
            }
        }
    }

    "a server on all addresses is reached over IPv4 and IPv6, one of a family over that alone" {
        coroutineScope {
            Udp.server("*", port = 0).start(this) { reply(it.bytes) }.use { server ->
                for (host in listOf("127.0.0.1", "::1", "localhost")) {
                    Udp.client(host, server.port).request(host.encodeToByteArray(), timeout = 5.seconds).text shouldBe host
                }
            }
            val six = DatagramServerOptions { socket { family = INET6 } }
            Udp.server("*", port = 0, six).start(this) { reply(it.bytes) }.use { server ->
                server.endpoint.toString() shouldBe "udp6://*:${server.port}"
                Udp.client("::1", server.port).request("six".encodeToByteArray(), timeout = 5.seconds).text shouldBe "six"
                Udp.client("127.0.0.1", server.port).open { it.send("four".encodeToByteArray()) }
                withTimeout(HANG) { while (server.totals.dropped < 1) yield() }
            }
        }
        shouldThrow<ConnectFailed> { Udp.client("::1", 9, DatagramClientOptions { socket { family = INET } }).open() }.message shouldBe
            "cannot connect to udp4://[::1]:9: it has no IPv4 address"
    }

    "two servers do not share a port by accident, and do when they are told to" {
        coroutineScope {
            Udp.server(port = 0).start(this) { }.use { server ->
                shouldThrow<BindFailed> { Udp.server(port = server.port).start(this) { } }.reason shouldBe BindFailed.Reason.AddressInUse
            }
            val shared = DatagramServerOptions { socket { reusePort = true } }
            Udp.server(port = 0, options = shared).start(this) { }.use { one ->
                Udp.server(port = one.port, options = shared).start(this) { }.use { it.port shouldBe one.port }
            }
        }
    }

    "a datagram that comes from the server itself is not answered" {
        coroutineScope {
            val dropped = CompletableDeferred<DatagramEvent.Dropped>()
            val options = DatagramServerOptions { onEvent { if (it is DatagramEvent.Dropped) dropped.complete(it) } }
            Udp.server(port = 0, options = options).start(this) { reply(it.bytes) }.use { server ->
                server.send("to myself".encodeToByteArray(), server.address)
                withTimeout(HANG) { dropped.await() }.reason shouldBe DropReason.FromItself
            }
        }
    }

    "a server on all addresses does not answer itself either" {
        coroutineScope {
            val dropped = CompletableDeferred<DatagramEvent.Dropped>()
            val options = DatagramServerOptions { onEvent { if (it is DatagramEvent.Dropped) dropped.complete(it) } }
            Udp.server("*", port = 0, options = options).start(this) { reply(it.bytes) }.use { server ->
                server.send("to myself".encodeToByteArray(), InetSocketAddress(loopback, server.port))
                withTimeout(HANG) { dropped.await() }.reason shouldBe DropReason.FromItself
            }
        }
    }

    "an empty datagram costs nothing of what has come already" {
        coroutineScope {
            Udp.server(port = 0).start(this) { datagram ->
                if (datagram.bytes.isEmpty()) reply("empty".encodeToByteArray()) else repeat(20) { reply("$it".encodeToByteArray()) }
            }.use { server ->
                Udp.client("127.0.0.1", server.port).open { socket ->
                    socket.send("x".encodeToByteArray())
                    withTimeout(HANG) { while (server.totals.handled < 1) yield() }
                    socket.send(ByteArray(0))
                    withTimeout(HANG) { List(21) { socket.receive().text } } shouldBe List(20) { "$it" } + "empty"
                    shouldThrow<IllegalArgumentException> { socket.send(ByteArray(1), InetSocketAddress(loopback, 9)) }.message shouldBe
                        "udp://127.0.0.1:${(socket.local as InetSocketAddress).port} sends to ${server.address} only, and not to /127.0.0.1:9"
                }
            }
        }
    }

    "a waiting receiver gets what was there before an empty datagram" {
        coroutineScope {
            Udp.server(port = 0).start(this) { reply(it.bytes) }.use { server ->
                Udp.client("127.0.0.1", server.port).open { socket ->
                    repeat(200) { round ->
                        val receiving = async { List(3) { socket.receive().text } }
                        socket.send("$round".encodeToByteArray())
                        socket.send(ByteArray(0))
                        socket.send("end".encodeToByteArray())
                        withTimeout(HANG) { receiving.await() } shouldBe listOf("$round", "", "end")
                    }
                }
            }
        }
    }

    "a socket of IPv6 only does not hear IPv4" {
        Udp.open("*", options = DatagramClientOptions { socket { family = INET6 } }).use { socket ->
            val port = (socket.local as InetSocketAddress).port
            java.net.DatagramSocket().use { sender ->
                sender.send(DatagramPacket("four".encodeToByteArray(), 4, loopback, port))
                sender.send(DatagramPacket("six".encodeToByteArray(), 3, InetAddress.getByName("::1"), port))
            }
            withTimeout(HANG) { socket.receive().text } shouldBe "six"
        }
    }

    "a dispatcher that rejects a handler costs nothing but time" {
        val threads = ThreadPoolExecutor(1, 1, 0, SECONDS, SynchronousQueue())
        val gate = CountDownLatch(1)
        threads.execute { gate.await() }
        coroutineScope {
            Udp.server(port = 0, options = DatagramServerOptions { handlerContext = threads.asCoroutineDispatcher() }).start(this) {
                reply(it.bytes)
            }.use { server ->
                Udp.client("127.0.0.1", server.port).open { socket ->
                    socket.send("rejected, and then served".encodeToByteArray())
                    withTimeout(HANG) { while (server.totals.received < 1) yield() }
                    gate.countDown()
                    withTimeout(HANG) { socket.receive().text } shouldBe "rejected, and then served"
                }
            }
        }
        threads.shutdown()
        threads.awaitTermination(60, SECONDS) shouldBe true
    }

    "members of a group get what is sent to it, and no more once they have left" {
        val group = InetAddress.getByName("239.255.77.7")
        val loopbackInterface = NetworkInterface.getByInetAddress(loopback)
        val options = DatagramServerOptions { socket { family = INET } }
        coroutineScope {
            Udp.server("0.0.0.0", port = 0, options = options).start(this) { reply(it.bytes) }.use { server ->
                val sending = DatagramClientOptions {
                    socket {
                        family = INET
                        multicastInterface = loopbackInterface
                        multicastTimeToLive = 0
                        multicastLoopback = true
                    }
                }
                Udp.open("127.0.0.1", options = sending).use { socket ->
                    val membership = server.join(group, loopbackInterface)
                    membership.isValid shouldBe true
                    "$membership" shouldBe "member of 239.255.77.7 on ${loopbackInterface.name}"
                    socket.send("all".encodeToByteArray(), InetSocketAddress(group, server.port))
                    withTimeout(HANG) { socket.receive().text } shouldBe "all"
                    membership.close()
                    membership.isValid shouldBe false
                    val elsewhere = server.join(group, loopbackInterface, source = InetAddress.getByName("127.0.0.9"))
                    socket.send("not heard".encodeToByteArray(), InetSocketAddress(group, server.port))
                    elsewhere.close()
                    server.join(group, loopbackInterface, source = loopback).use {
                        socket.send("heard".encodeToByteArray(), InetSocketAddress(group, server.port))
                        withTimeout(HANG) { socket.receive().text } shouldBe "heard"
                    }
                }
                shouldThrow<IllegalArgumentException> { server.join(loopback, loopbackInterface) }
            }
        }
    }

    "options of datagrams are asked of the system, and those of streams refused by name" {
        coroutineScope {
            val options = DatagramServerOptions {
                socket {
                    receiveBuffer = 65_536
                    broadcast = true
                    beforeBind { it.getOption(SO_RCVBUF) shouldNotBe 0 }
                }
            }
            Udp.server(port = 0, options = options).start(this) { }.close()
            val wrong = DatagramServerOptions { socket = SocketOptions { keepAlive = true } }
            shouldThrow<BindFailed> { Udp.server(port = 0, options = wrong).start(this) { } }.message shouldBe
                "cannot listen on udp://127.0.0.1:0: keepAlive is no option of this kind of socket here"
        }
        shouldThrow<IllegalArgumentException> { SocketOptions { multicastTimeToLive = 256 } }.message shouldBe
            "multicastTimeToLive is not in 0..255: 256"
    }

    "endpoints by name, and those that are none" {
        coroutineScope {
            Hawser.datagramServer("udp://127.0.0.1:0").start(this) { reply(it.bytes) }.use { server ->
                Hawser.datagramClient("${server.endpoint}").request("by name".encodeToByteArray(), timeout = 5.seconds).text shouldBe
                    "by name"
                Hawser.datagramClient("udp4://127.0.0.1:${server.port}").request(ByteArray(1), timeout = 5.seconds).bytes.size shouldBe 1
            }
        }
        shouldThrow<IllegalArgumentException> { Udp.client("0.0.0.0", 9) }.message shouldBe "a client needs a host: \"udp://0.0.0.0:9\""
        shouldThrow<IllegalArgumentException> { Udp.client("localhost", 0) }.message shouldBe "a client needs a port: \"udp://localhost:0\""
        shouldThrow<IllegalArgumentException> {
            Hawser.datagramClient("udp6://[::1]:9", DatagramClientOptions { socket { family = INET } })
        }
            .message shouldBe "the option socket.family, INET, contradicts the endpoint udp6://[::1]:9"
        shouldThrow<IllegalArgumentException> { Hawser.streamClient("udp://localhost:9") }.message shouldBe
            "udp carries datagrams and no stream: \"udp://localhost:9\""
    }

    "servers that take each other's replies for requests stop at their rate" {
        val options = DatagramServerOptions { replyRate = 5 }
        coroutineScope {
            val began = TimeSource.Monotonic.markNow()
            val servers = List(2) { Udp.server(port = 0, options = options).start(this) { reply(it.bytes) } }
            // As if the one had asked the other: whoever can forge a sender can have it so (CVE-2024-2169).
            servers[0].send("loop".encodeToByteArray(), servers[1].address)
            withTimeout(HANG) { while (servers.sumOf { it.totals.dropped } == 0L) yield() }
            val received = servers.map { it.totals.received }
            received.all { it in 1..(2 + began.elapsedNow().inWholeSeconds) * options.replyRate } shouldBe true
            servers.sumOf { it.totals.dropped } shouldBe 1L
            servers.forEach { it.close() }
        }
    }

    "a request gets through a network that loses, doubles and reorders" {
        coroutineScope {
            Udp.server(port = 0).start(this) { reply(it.bytes) }.use { server ->
                DatagramFaultProxy.to(Udp.client("127.0.0.1", server.port), seed = 1).start(this).use { network ->
                    network.drop = 0.3
                    network.duplicate = 0.1
                    network.reorder = 0.1
                    Udp.client("127.0.0.1", network.port).let { client ->
                        repeat(30) { round ->
                            client.request("$round".encodeToByteArray(), timeout = 50.milliseconds, retries = 1_000) { request, answer ->
                                answer.text == request.decodeToString()
                            }.text shouldBe "$round"
                        }
                    }
                    network.totals.run { minOf(dropped, duplicated, reordered) } shouldBeGreaterThan 0L
                }
            }
        }
    }

    "socat and Python talk to a server, and a client to Python" {
        coroutineScope {
            Udp.server(port = 0).start(this) { reply(it.bytes) }.use { server ->
                Program.start("socat", "-", "UDP4:127.0.0.1:${server.port}").use {
                    for (line in listOf("hello", "again")) {
                        it.say("$line\n")
                        it.line() shouldBe line
                    }
                }
                run(
                    "python3",
                    "-c",
                    "import socket; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(60)\n" +
                        "for size in (0,1,1472,60000):\n s.sendto(b'x'*size,('127.0.0.1',${server.port})); print(len(s.recv(65536)))",
                ) shouldBe "0\n1\n1472\n60000\n"
            }
        }
    }
})

private val loopback = InetAddress.getByName("127.0.0.1")
