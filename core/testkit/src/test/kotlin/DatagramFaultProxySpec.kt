@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.DatagramClientOptions
import io.hawser.DatagramServerOptions
import io.hawser.DatagramSocket
import io.hawser.transport.TransportApi
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.net.DatagramPacket
import kotlin.experimental.xor
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

class DatagramFaultProxySpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "without a fault everything goes through, and answers find whom they are for" {
        throughProxy({ proxy, open ->
            val sockets = List(3) { open() }
            repeat(50) { round -> sockets.forEachIndexed { index, socket -> socket.send("$index $round".encodeToByteArray()) } }
            sockets.forEachIndexed { index, socket -> repeat(50) { socket.receive().text shouldBe "$index $it" } }
            sockets.forEach { it.send(ByteArray(0)) }
            sockets.forEach { it.receive().bytes.size shouldBe 0 }
            proxy.clientCount shouldBe 3
            proxy.totals shouldBe DatagramFaultTotals(306, 0, 0, 0, 0, 0)
            sockets.forEach(DatagramSocket::close)
        })
    }

    "what is lost is lost for the same seed, and counted" {
        fun survivors(seed: Long): List<String> {
            var survivors = emptyList<String>()
            throughProxy({ proxy, open ->
                proxy.drop = 0.5
                open().use { socket ->
                    repeat(60) { socket.send("$it".encodeToByteArray()) }
                    survivors = socket.all()
                }
                proxy.totals.received shouldBe 60L + atServer.size
                proxy.totals.dropped shouldBe 60L - survivors.size
            }, seed)
            return survivors
        }

        val survivors = survivors(seed = 1)
        (survivors.size in 5..30) shouldBe true
        survivors(seed = 1) shouldBe survivors
        survivors(seed = 2) shouldNotBe survivors
    }

    "each datagram arrives twice" {
        throughProxy({ proxy, open ->
            open().use { socket ->
                socket.send("warm".encodeToByteArray())
                socket.receive()
                proxy.duplicate = 1.0
                socket.send("a".encodeToByteArray())
                socket.all() shouldBe List(4) { "a" }
                proxy.totals.duplicated shouldBe 3
            }
        })
    }

    "each is overtaken by the next, and the last waits only so long" {
        throughProxy({ proxy, open ->
            proxy.reorder = 1.0
            open().use { socket ->
                val start = elapsed
                repeat(5) { socket.send("$it".encodeToByteArray()) }
                // On the way back they change places again.
                List(5) { socket.receive().text } shouldBe listOf("0", "1", "2", "3", "4")
                atServer shouldBe listOf("1", "0", "3", "2", "4")
                elapsed - start shouldBe 200.milliseconds
                proxy.totals.reordered shouldBe 4
            }
        })
    }

    "one bit is flipped" {
        throughProxy({ proxy, open ->
            open().use { socket ->
                proxy.corrupt = 1.0
                val sent = ByteArray(100)
                socket.send(sent)
                val twice = socket.receive().bytes
                sent.indices.sumOf { (sent[it] xor twice[it]).countOneBits() } shouldBe 2
                socket.send(ByteArray(0))
                socket.receive().bytes.size shouldBe 0
                proxy.totals.corrupted shouldBe 2
            }
        })
    }

    "latency delays, and jitter has them overtake each other" {
        throughProxy({ proxy, open ->
            proxy.latency = 1.hours
            open().use { socket ->
                val sent = List(30) { "$it" }
                sent.forEach { socket.send(it.encodeToByteArray()) }
                socket.receive().text shouldBe "0"
                elapsed shouldBe 2.hours
                repeat(29) { socket.receive() }
                proxy.latency = Duration.ZERO
                proxy.jitter = 1.hours
                val start = elapsed
                sent.forEach { socket.send(it.encodeToByteArray()) }
                val arrived = List(sent.size) { socket.receive().text }
                arrived shouldNotBe sent
                arrived.sortedBy(String::toInt) shouldBe sent
                (elapsed - start < 2.hours) shouldBe true
            }
        })
    }

    "in silence everything is lost" {
        throughProxy({ proxy, open ->
            open().use { socket ->
                proxy.latency = 1.seconds
                socket.send("on its way".encodeToByteArray())
                delay(500.milliseconds)
                proxy.silent = true
                socket.send("in silence".encodeToByteArray())
                socket.all() shouldBe emptyList()
                proxy.silent = false
                socket.send("after".encodeToByteArray())
                socket.receive().text shouldBe "after"
                proxy.totals.dropped shouldBe 2
            }
        })
    }

    "a client that says nothing for long enough gets another socket, and loses nothing" {
        throughProxy({ proxy, open ->
            open().use { socket ->
                socket.send("first".encodeToByteArray())
                socket.receive().text shouldBe "first"
                delay(9.seconds)
                socket.send("second".encodeToByteArray())
                socket.receive()
                delay(9.seconds)
                proxy.clientCount shouldBe 1
                delay(2.seconds)
                proxy.clientCount shouldBe 0
                socket.send("third".encodeToByteArray())
                socket.receive().text shouldBe "third"
                proxy.clientCount shouldBe 1
            }
        }, idleTimeout = 10.seconds)
    }

    "no more is on its way than there is room for" {
        throughProxy({ proxy, open ->
            proxy.latency = 1.hours
            open().use { socket ->
                repeat(2_000) { socket.send(byteArrayOf(1)) }
                delay(1.seconds)
                proxy.totals.run { received to dropped } shouldBe (2_000L to 976L)
            }
        })
    }

    "a datagram that is doubled and lost counts once" {
        throughProxy({ proxy, open ->
            proxy.duplicate = 1.0
            proxy.latency = 1.seconds
            open().use { socket ->
                socket.send("into silence".encodeToByteArray())
                delay(500.milliseconds)
                proxy.silent = true
                delay(1.seconds)
                proxy.silent = false
                socket.send("on its way".encodeToByteArray())
                delay(500.milliseconds)
            }
            proxy.close()
            proxy.awaitClosed()
            proxy.totals shouldBe DatagramFaultTotals(2, dropped = 1, duplicated = 2, reordered = 0, corrupted = 0, failed = 1)
        })
    }

    "what the proxy cannot receive whole, or has no room for, is counted" {
        virtualTime {
            val server = datagramServer().start(this) { reply(ByteArray(20)) }
            val small = DatagramServerOptions {
                maxDatagramSize = 10
                queueCount = 1
            }
            val toServer = datagramClient(server, DatagramClientOptions { maxDatagramSize = 10 })
            DatagramFaultProxy.to(toServer).start(this, on = datagramServer(small)).use { proxy ->
                MemoryDatagram.client("${proxy.address}", loop).open().use { socket ->
                    socket.send(ByteArray(11))
                    socket.all() shouldBe emptyList()
                    proxy.totals shouldBe DatagramFaultTotals(1, dropped = 1, duplicated = 0, reordered = 0, corrupted = 0, failed = 0)
                    socket.send(ByteArray(10))
                    socket.all() shouldBe emptyList()
                    proxy.totals.run { received to dropped } shouldBe (3L to 2L)
                    repeat(10) { socket.send(ByteArray(1)) }
                    socket.all() shouldBe emptyList()
                    val handled = server.totals.received - 1
                    handled shouldBeLessThan 10L
                    proxy.totals.run { received to dropped } shouldBe (13L + handled to 12L)
                }
            }
            server.close()
        }
    }

    "a server that is not there costs its datagrams and nothing else, and neither does a client without a name" {
        virtualTime {
            val server = datagramServer().start(this) { reply(it.bytes) }
            val proxy = DatagramFaultProxy.to(datagramClient(server)).start(this, on = datagramServer())
            server.close()
            server.awaitClosed()
            MemoryDatagram.client("${proxy.address}", loop).once("lost".encodeToByteArray(), 1.seconds) {
                withTimeoutOrNull(500.milliseconds) { it.receive() }
            } shouldBe null
            proxy.totals.failed shouldBe 1
            proxy.close()

            val atServer = mutableListOf<String>()
            val other = datagramServer().start(this) {
                atServer += it.text
                reply(it.bytes)
            }
            DatagramFaultProxy.to(datagramClient(other)).start(this, on = datagramServer()).use { nameless ->
                MemoryDatagram.client("${nameless.address}", loop, isNamed = false).open { it.send("hello".encodeToByteArray()) }
                delay(1.seconds)
                atServer shouldBe listOf("hello")
                nameless.totals.failed shouldBe 1
            }
            other.close()
        }
    }

    "it listens on UDP, and lets go of everything when it is closed" {
        withContext(Dispatchers.IO) {
            MemoryDatagram.server().start(this) { reply(it.bytes) }.use { server ->
                val proxy = DatagramFaultProxy.to(MemoryDatagram.client(server.endpoint)).start(this)
                java.net.DatagramSocket().use { socket ->
                    socket.soTimeout = 30_000
                    val packet = DatagramPacket("hello".encodeToByteArray(), 5, proxy.address)
                    socket.send(packet)
                    socket.receive(packet)
                    packet.data.decodeToString() shouldBe "hello"
                    "${proxy.endpoint}" shouldBe "udp://127.0.0.1:${proxy.port}"
                    proxy.latency = 1.hours
                    socket.send(packet)
                    eventually(10.seconds) { proxy.totals.received shouldBe 3 }
                }
                proxy.close()
                proxy.awaitClosed()
                proxy.clientCount shouldBe 0
            }
        }
    }

    "shares and times are checked" {
        throughProxy({ proxy, _ ->
            shouldThrow<IllegalArgumentException> { proxy.drop = 1.1 }.message shouldBe "drop is not in 0..1: 1.1"
            shouldThrow<IllegalArgumentException> { proxy.reorder = -0.1 }.message shouldBe "reorder is not in 0..1: -0.1"
            shouldThrow<IllegalArgumentException> { proxy.latency = (-1).seconds }
            shouldThrow<IllegalArgumentException> { proxy.jitter = Duration.INFINITE }
        })
        shouldThrow<IllegalArgumentException> { DatagramFaultProxy.to(MemoryDatagram.client("any"), idleTimeout = Duration.ZERO) }
    }
})

/** What a test gets, in virtual time: [atServer] is what has arrived there. */
private class Network(private val time: VirtualTime, val atServer: List<String>) {
    val elapsed: Duration get() = time.elapsed
}

/** An echo server behind a proxy of datagrams, in virtual time. */
private fun throughProxy(
    block: suspend Network.(RunningDatagramFaultProxy, open: suspend () -> DatagramSocket) -> Unit,
    seed: Long = 0,
    idleTimeout: Duration = 60.seconds,
) = virtualTime {
    val arrived = mutableListOf<String>()
    val server = datagramServer().start(this) {
        arrived += it.text
        reply(it.bytes)
    }
    val network = Network(this, arrived)
    DatagramFaultProxy.to(datagramClient(server), seed, idleTimeout).start(this, on = datagramServer()).use { proxy ->
        network.block(proxy) { MemoryDatagram.client("${proxy.address}", loop).open() }
    }
    server.close()
}

/** What comes until nothing comes any more. */
private suspend fun DatagramSocket.all(): List<String> = buildList {
    while (true) add(withTimeoutOrNull(10.seconds) { receive().text } ?: break)
}
