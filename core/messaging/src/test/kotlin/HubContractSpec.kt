package io.hawser.messaging

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.framing.framed
import io.hawser.messaging.SendResult.Delivered
import io.hawser.messaging.SendResult.Queued
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.OutboxOptions
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.TestCertificates
import io.hawser.testkit.contract.ContractTransport
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.tls
import io.hawser.unix.Unix
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeStrictlyIncreasing
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** What a hub does over every transport. */
abstract class HubContract(transport: ContractTransport) : StringSpec({
    extension(LeakCheck)

    val eager = HubClientOptions {
        link = LinkOptions {
            backoff = Backoff.constant(5.milliseconds)
            outbox = OutboxOptions()
        }
    }

    "the backlog, a broadcast and an answer go over" {
        withTimeout(60.seconds) {
            coroutineScope {
                val hub = MessageHub(transport.server(ServerOptions()), "progress").start(this)
                hub.broadcast(mapOf("n" to 0)) shouldBe Queued
                val clients = List(3) { HubClient(transport.client(hub.handle, ClientOptions()), "progress", eager).start(this) }
                hub.clients.first { it.size == 3 }
                repeat(500) { hub.broadcast(mapOf("n" to it + 1, "bytes" to ByteArray(200))) shouldBe Delivered(3) }
                val got = clients.map { client -> async { client.messages.take(500).toList().map { it.data["n"] as Long } } }.awaitAll()
                got.map { it.first() }.sorted() shouldBe listOf(0L, 1L, 1L)
                got.forEach { it.shouldBeStrictlyIncreasing() }
                clients.forEach { it.send(mapOf("from" to "client")) }
                hub.received.take(3).toList().map { it.data["from"] }.distinct() shouldBe listOf("client")
                clients.forEach { it.close() }
                hub.close()
            }
        }
    }

    "nothing that was delivered is lost to who stayed, whoever else comes and goes, while senders wait" {
        withTimeout(120.seconds) {
            coroutineScope {
                val random = Random(94)
                val options = HubOptions {
                    whenSlow = WhenSlow.Suspend
                    maxQueuedMessages = 8
                }
                val hub = MessageHub(transport.server(ServerOptions()), "progress", options).start(this)
                val stays = HubClient(transport.client(hub.handle, ClientOptions()), "progress", eager).start(this)
                hub.clients.first { it.size == 1 }
                val received = async { stays.messages.take(1_000).toList().map { it.data["n"] } }
                val others = List(3) { HubClient(transport.client(hub.handle, ClientOptions()), "progress", eager).start(this) }
                val draining = others.map { client -> async { client.messages.toList().size } }
                repeat(1_000) { n ->
                    hub.broadcast(mapOf("n" to n)).shouldBeInstanceOf<Delivered>()
                    if (n % 10 == 0) hub.disconnect(hub.clients.first { it.size > 1 }.drop(1).random(random).id)
                }
                received.await() shouldBe List(1_000) { it.toLong() }
                others.forEach { it.close() }
                draining.awaitAll()
                stays.close()
                hub.close()
            }
        }
    }

    for (policy in listOf(WhenSlow.DropOldest, WhenSlow.DropNewest)) {
        "what one who stays does not get was dropped and counted, while others are killed a hundred times: $policy" {
            withTimeout(120.seconds) {
                coroutineScope {
                    val random = Random(95)
                    val options = HubOptions {
                        whenSlow = policy
                        maxQueuedMessages = 8
                    }
                    val hub = MessageHub(transport.server(ServerOptions()), "progress", options).start(this)
                    transport.client(hub.handle, ClientOptions()).connect { connection ->
                        val stays = hub.clients.first { it.isNotEmpty() }.single()
                        val others = List(3) { HubClient(transport.client(hub.handle, ClientOptions()), "progress", eager).start(this) }
                        val draining = others.map { client -> async { client.messages.toList().size } }
                        val messages = connection.framed(MessageCodec())
                        val received = mutableListOf<Long>()
                        var sent = 0L
                        suspend fun receive() {
                            if (received.size + stays.dropped < sent) received += messages.receive()?.data?.get("n") as Long
                        }
                        repeat(100) {
                            repeat(random.nextInt(20)) {
                                hub.broadcast(mapOf("n" to sent++, "bytes" to ByteArray(random.nextInt(40_000))))
                            }
                            hub.disconnect((hub.clients.first { it.size > 1 } - stays).random(random).id)
                            repeat(random.nextInt(4)) { receive() }
                        }
                        stays.dropped shouldBeGreaterThan 0
                        while (received.size + stays.dropped < sent) receive()
                        received.shouldBeStrictlyIncreasing()
                        others.forEach { it.close() }
                        draining.awaitAll()
                        launch { hub.shutdown(30.seconds) }
                        messages.receive()?.type shouldBe MessageType.CONTROL
                        messages.receive() shouldBe null
                        connection.close()
                    }
                }
            }
        }
    }

    "a hub that is started again is met again" {
        withTimeout(60.seconds) {
            coroutineScope {
                val first = MessageHub(transport.server(ServerOptions()), "progress").start(this)
                val client = HubClient(transport.client(first.handle, ClientOptions()), "progress", eager).start(this)
                first.clients.first { it.isNotEmpty() }
                first.broadcast(mapOf("n" to 1)) shouldBe Delivered(1)
                client.receive(30.seconds).data["n"] shouldBe 1L
                first.shutdown(Duration.ZERO)
                val second = MessageHub(transport.successor(first.handle), "progress").start(this)
                second.broadcast(mapOf("n" to 2))
                client.receive(30.seconds).data["n"] shouldBe 2L
                client.close()
                second.close()
            }
        }
    }
})

private val certificates by lazy { TestCertificates.create("localhost", "127.0.0.1") }

private val folder: Path = Files.createTempDirectory("hawser").also { created ->
    Runtime.getRuntime().addShutdownHook(Thread { created.toFile().deleteRecursively() })
}
private val names = AtomicLong()

class MemoryHubSpec :
    HubContract(
        ContractTransport({
            Memory.server(it)
        }, { server, options -> Memory.client(server, options) }, successor = { Memory.server(it.endpoint) }),
    )

class TcpHubSpec :
    HubContract(
        ContractTransport(
            { Tcp.server("127.0.0.1", port = 0, it) },
            { server, options -> Tcp.client("127.0.0.1", server.port, options) },
            successor = { Tcp.server("127.0.0.1", it.port) },
        ),
    )

class UnixHubSpec :
    HubContract(
        ContractTransport(
            { Unix.server(folder.resolve("${names.incrementAndGet()}.sock"), it) },
            { server, options -> Unix.client((server.endpoint as Endpoint.Local).name, options) },
            successor = { Unix.server((it.endpoint as Endpoint.Local).name) },
        ),
    )

class TlsHubSpec :
    HubContract(
        ContractTransport(
            { Tcp.server("127.0.0.1", port = 0, it).tls(ServerTls { identity(certificates.server) }) },
            { server, options ->
                Tcp.client("127.0.0.1", server.port, options).tls(ClientTls { trust(certificates.authority) }, "localhost")
            },
            successor = { Tcp.server("127.0.0.1", it.port).tls(ServerTls { identity(certificates.server) }) },
        ),
    )
