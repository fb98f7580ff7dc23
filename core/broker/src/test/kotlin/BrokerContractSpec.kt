package io.hawser.broker

import io.hawser.ClientOptions
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.TestCertificates
import io.hawser.testkit.contract.ContractTransport
import io.hawser.tls.ClientTls
import io.hawser.tls.ServerTls
import io.hawser.tls.tls
import io.hawser.unix.Unix
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeUnique
import io.kotest.matchers.ints.shouldBeGreaterThanOrEqual
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import java.nio.file.Files
import java.nio.file.Path
import java.security.MessageDigest
import java.util.UUID
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.fold
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** What a broker, those who ask and those who answer do together over every transport. */
abstract class BrokerContract(transport: ContractTransport) : StringSpec({
    extension(LeakCheck)

    val channel = UUID(3, 4)
    val eager = LinkOptions { backoff = Backoff.constant(5.milliseconds) }

    /** Runs [block] with a broker, which holds nothing afterwards; what [block] launches has to end. */
    suspend fun brokered(
        options: BrokerOptions = BrokerOptions(),
        block: suspend CoroutineScope.(Broker) -> Unit,
    ) = withTimeout(3.minutes) {
        coroutineScope {
            val broker = Broker(transport.server(ServerOptions()), options).start(this)
            coroutineScope { block(broker) }
            broker.stats(every = 1.milliseconds).first { it.peers == 0 }
            val stats = broker.stats
            listOf(stats.inFlight, stats.waiting, stats.bytes.toInt(), stats.channels.size) shouldBe List(4) { 0 }
            stats.requests shouldBe stats.outcomes.values.sum()
            broker.close()
        }
    }

    fun CoroutineScope.consumer(broker: Broker, on: UUID = channel, block: ConsumerOptions.Builder.() -> Unit = {}) =
        Consumer(
            transport.client(broker.handle, ClientOptions()),
            on,
            ConsumerOptions {
                link = eager
                timeout = 2.minutes
                block()
            },
        ).start(this)

    suspend fun CoroutineScope.provider(
        broker: Broker,
        on: UUID = channel,
        concurrency: Int = 256,
        handler: suspend Responder.(Request) -> Unit,
    ): Provider = Provider(transport.client(broker.handle, ClientOptions()), on, ProviderOptions { link = eager })
        .start(this, concurrency, handler)
        .also { it.awaitRegistered() }

    fun digest(): MessageDigest = MessageDigest.getInstance("SHA-256")

    fun random(size: Int, seed: Int) = Random(seed).nextBytes(size)

    "bodies of any size go there and back, headers too" {
        brokered { broker ->
            val provider = provider(broker) { request ->
                headers(mapOf("again" to request.headers.getValue("say")))
                request.body.collect { send(it) }
            }
            consumer(broker).use { consumer ->
                for (size in listOf(0, 1, 16_383, 65_536, 65_537, 512 * 1024, 512 * 1024 + 1, 2 * 1024 * 1024)) {
                    val body = random(size, size)
                    consumer.exchange(Body.of(body), 1.minutes, mapOf("say" to "$size")) { reply ->
                        reply.headers shouldBe mapOf("again" to "$size")
                        val answer = reply.body.fold(digest()) { digest, chunk -> digest.apply { update(chunk) } }.digest()
                        answer.contentEquals(digest().digest(body)) shouldBe true
                    }
                }
            }
            provider.close()
        }
    }

    "a stream of a thousand chunks goes through, and each end takes it as it likes" {
        brokered { broker ->
            val provider = provider(broker) { request ->
                var count = 0L
                request.body.collect { count += it.size }
                repeat(1_000) { send(ByteArray(1_000) { i -> (it + i).toByte() }) }
                send("$count".encodeToByteArray())
            }
            consumer(broker).use { consumer ->
                val body = flow { repeat(1_000) { emit(ByteArray(1_000)) } }
                val all = consumer.stream(body).toList()
                val bytes = all.fold(ByteArray(0)) { sum, chunk -> sum + chunk }
                bytes.copyOfRange(1_000_000, bytes.size).decodeToString() shouldBe "1000000"
                List(1_000_000) { i -> (i / 1_000 + i % 1_000).toByte() } shouldBe bytes.copyOf(1_000_000).toList()
            }
            provider.close()
        }
    }

    "channels do not see each other" {
        brokered { broker ->
            val channels = List(10) { UUID(5, it.toLong()) }
            val providers = channels.map { id -> provider(broker, id) { send("$id".encodeToByteArray()) } }
            val consumers = channels.map { consumer(broker, it) }
            val answers = channels.indices.map { i ->
                async { List(20) { consumers[i].request(ByteArray(1)).decodeToString() } }
            }.awaitAll()
            answers.forEachIndexed { i, all -> all.distinct() shouldBe listOf("${channels[i]}") }
            (consumers + providers).forEach { it.close() }
        }
    }

    "ten thousand requests at once, by several connections, each get their own answer" {
        brokered { broker ->
            val providers = List(3) { n ->
                val served = AtomicInteger()
                served to provider(broker) { request ->
                    served.incrementAndGet()
                    reply(request.bytes() + n.toByte())
                }
            }
            val consumers = List(5) { consumer(broker) }
            val answers = List(10_000) { i -> async { i to consumers[i % 5].request("$i".encodeToByteArray()) } }.awaitAll()
            for ((i, answer) in answers) answer.copyOf(answer.size - 1).decodeToString() shouldBe "$i"
            providers.sumOf { it.first.get() } shouldBe 10_000
            providers.forEach { it.first.get() shouldBeGreaterThanOrEqual 1 }
            providers.forEach { it.second.close() }
            consumers.forEach { it.close() }
        }
    }

    "what a provider fails with comes as it put it, and what it threw without its stack" {
        brokered { broker ->
            val provider = provider(broker) { request ->
                when (request.headers["how"]) {
                    "thrown" -> error("no such luck")

                    "on purpose" -> fail(42, "out of paper")

                    else -> {
                        send("half".encodeToByteArray())
                        error("in the middle")
                    }
                }
            }
            consumer(broker).use { consumer ->
                suspend fun failure(how: String) =
                    shouldThrow<RequestFailed> {
                        consumer.request(ByteArray(1), headers = mapOf("how" to how))
                    }.let { it.code to it.reason }
                failure("thrown") shouldBe (0 to "no such luck")
                failure("on purpose") shouldBe (42 to "out of paper")
                failure("late") shouldBe (0 to "in the middle")
            }
            provider.close()
        }
    }

    "nobody answers, or somebody will" {
        brokered { broker ->
            consumer(broker).use { consumer -> shouldThrow<NoProvider> { consumer.request(ByteArray(1)) }.channel shouldBe channel }
            consumer(broker) { waitForProvider = true }.use { consumer ->
                val answer = async { consumer.request(ByteArray(1)).size }
                broker.stats(every = 1.milliseconds).first { it.waiting > 0 }
                val provider = provider(broker) { send(it.bytes()) }
                answer.await() shouldBe 1
                provider.close()
            }
        }
    }

    "who asks and goes has the handler cancelled" {
        brokered { broker ->
            val began = CompletableDeferred<Unit>()
            val ended = CompletableDeferred<Unit>()
            val provider = provider(broker) {
                began.complete(Unit)
                try {
                    awaitCancellation()
                } finally {
                    ended.complete(Unit)
                }
            }
            consumer(broker).use { consumer ->
                val asking = launch { consumer.request(ByteArray(1)) }
                began.await()
                asking.cancelAndJoin()
                ended.await()
                eventually(1.minutes) { provider.inFlight shouldBe 0 }
                consumer.inFlight shouldBe 0
            }
            provider.close()
        }
    }

    "a time that is over is told at both ends, and answers that come late harm nobody" {
        brokered { broker ->
            val provider = provider(broker) { request ->
                if (request.headers["slow"] == "yes") awaitCancellation()
                send(request.bytes())
            }
            consumer(broker).use { consumer ->
                repeat(20) {
                    val slow = async {
                        shouldThrow<RequestTimeout> {
                            consumer.request(ByteArray(1), timeout = 5.milliseconds, headers = mapOf("slow" to "yes"))
                        }
                    }
                    consumer.request("$it".encodeToByteArray()).decodeToString() shouldBe "$it"
                    slow.await().channel shouldBe channel
                }
            }
            eventually(1.minutes) { provider.inFlight shouldBe 0 }
            provider.close()
        }
    }

    "a provider that is killed loses what it has, at once, and what is idempotent goes to another" {
        brokered { broker ->
            val given = Channel<Unit>(Channel.UNLIMITED)
            val victim = provider(broker) {
                given.send(Unit)
                awaitCancellation()
            }
            consumer(broker).use { consumer ->
                val plain = async { shouldThrow<ProviderLost> { consumer.request(ByteArray(1)) } }
                given.receive()
                val repeatable = async { consumer.request(Body.of(ByteArray(9)), 1.minutes, emptyMap(), idempotent = true).size }
                given.receive()
                val other = provider(broker) { send(it.bytes()) }
                victim.close()
                plain.await().mayHaveRun shouldBe true
                repeatable.await() shouldBe 9
                broker.stats.repeats shouldBe 1
                other.close()
            }
        }
    }

    "a broker that comes back has everybody back, and what may be asked again is" {
        val first = Broker(transport.server(ServerOptions())).start(this)
        val successor = transport.successor(first.handle)
        coroutineScope {
            val provider = Provider(transport.client(first.handle, ClientOptions()), channel, ProviderOptions { link = eager })
                .start(this) { send(it.bytes()) }
            provider.awaitRegistered()
            val options = ConsumerOptions {
                link = eager
                timeout = 1.minutes
                idempotent = true
                waitForProvider = true
                retry = Backoff.constant(1.milliseconds)
            }
            Consumer(transport.client(first.handle, ClientOptions()), channel, options).start(this).use { consumer ->
                consumer.request(ByteArray(5)).size shouldBe 5
                first.close()
                first.awaitClosed()
                val second = Broker(successor).start(this)
                consumer.request(ByteArray(7)).size shouldBe 7
                provider.close()
                second.close()
            }
        }
    }

    "a shutdown lets what has begun be answered, and takes nothing new" {
        coroutineScope {
            val broker = Broker(transport.server(ServerOptions())).start(this)
            val given = CompletableDeferred<Unit>()
            val go = CompletableDeferred<Unit>()
            val provider = provider(broker) {
                given.complete(Unit)
                go.await()
                send("at last".encodeToByteArray())
            }
            consumer(broker) { timeout = 30.seconds }.use { consumer ->
                val answer = async { consumer.request(ByteArray(1)).decodeToString() }
                given.await()
                val shutdown = launch { broker.shutdown(60.seconds) }
                broker.handle.draining.first { it }
                go.complete(Unit)
                answer.await() shouldBe "at last"
                shutdown.join()
                broker.stats.outcomes shouldBe mapOf(Outcome.COMPLETED to 1L)
            }
            provider.close()
        }
    }

    "a ping goes to a provider and back, and no handler sees it" {
        brokered { broker ->
            val seen = AtomicInteger()
            val provider = provider(broker) { seen.incrementAndGet() }
            consumer(broker).use { consumer ->
                (consumer.ping(1.minutes) > Duration.ZERO) shouldBe true
                seen.get() shouldBe 0
                provider.close()
                provider.join()
                broker.stats(every = 1.milliseconds).first { it.providers == 0 }
                shouldThrow<NoProvider> { consumer.ping(1.minutes) }
            }
        }
    }

    "requests can be pulled, and answered in any order" {
        brokered { broker ->
            val provider = Provider(transport.client(broker.handle, ClientOptions()), channel).start(this)
            provider.awaitRegistered()
            consumer(broker).use { consumer ->
                val answers = List(3) { i -> async { runCatching { consumer.request("$i".encodeToByteArray()).decodeToString() } } }
                val requests = List(3) { checkNotNull(provider.receive()) }
                requests.map { it.id }.shouldBeUnique()
                val bodies = requests.associateBy { it.bytes().decodeToString() }
                provider.respond(bodies.getValue("2").id, "two".encodeToByteArray()) shouldBe true
                provider.fail(bodies.getValue("0").id, 7, "no") shouldBe true
                provider.respond(bodies.getValue("1").id, "one".encodeToByteArray()) shouldBe true
                provider.respond(bodies.getValue("1").id, "once more".encodeToByteArray()) shouldBe false
                answers.map { it.await() }.map { it.getOrElse { e -> (e as RequestFailed).code } } shouldBe listOf(7, "one", "two")
            }
            provider.close()
            provider.receive() shouldBe null
        }
    }

    "a slow reader slows its own sender, and nobody else" {
        brokered { broker ->
            val sent = AtomicLong()
            val provider = provider(broker) { request ->
                if (request.headers["long"] != "yes") return@provider send(request.bytes())
                repeat(1_000) {
                    send(ByteArray(10_000))
                    sent.addAndGet(10_000)
                }
            }
            consumer(broker).use { consumer ->
                val go = CompletableDeferred<Unit>()
                val slow = async {
                    consumer.stream(ByteArray(0), headers = mapOf("long" to "yes")).fold(0L) { sum, chunk ->
                        go.await()
                        sum + chunk.size
                    }
                }
                eventually(1.minutes) { sent.get() shouldBeGreaterThanOrEqual 100_000 }
                repeat(200) { consumer.request("$it".encodeToByteArray()).decodeToString() shouldBe "$it" }
                // A window under way, and one that the consumer took the first chunk of.
                (sent.get() <= 2L * broker.options.window) shouldBe true
                (broker.stats.bytes <= 2L * broker.options.window) shouldBe true
                go.complete(Unit)
                slow.await() shouldBe 10_000_000L
            }
            provider.close()
        }
    }

    "both ways at once on many requests, some of which are cancelled or fail" {
        brokered { broker ->
            val provider = provider(broker, concurrency = 8) { request ->
                val random = Random(request.headers.getValue("seed").toInt())
                if (random.nextInt(10) == 0) fail(1, "by lot")
                request.body.collect { send(it) }
            }
            consumer(broker).use { consumer ->
                val outcomes = List(300) { seed ->
                    async {
                        val random = Random(seed + 1_000)
                        val pieces = List(random.nextInt(20)) { random.nextBytes(random.nextInt(30_000)) }
                        val body: Flow<ByteArray> = flow { pieces.forEach { emit(it) } }
                        val asking = async {
                            runCatching {
                                consumer.stream(body, headers = mapOf("seed" to "$seed")).fold(digest()) { d, c ->
                                    d.apply { update(c) }
                                }.digest()
                            }
                        }
                        if (random.nextInt(10) == 0) {
                            asking.cancelAndJoin()
                            return@async "cancelled"
                        }
                        val expected = pieces.fold(digest()) { d, c -> d.apply { update(c) } }.digest()
                        asking.await().fold({ if (it.contentEquals(expected)) "echo" else "garbage" }, { it.message })
                    }
                }.awaitAll()
                outcomes.toSet() shouldBe setOf("echo", "cancelled", "the provider of $channel failed with 1: by lot")
            }
            eventually(1.minutes) { provider.inFlight shouldBe 0 }
            provider.close()
        }
    }
})

private val certificates by lazy { TestCertificates.create("localhost", "127.0.0.1") }

private val folder: Path = Files.createTempDirectory("hawser").also { created ->
    Runtime.getRuntime().addShutdownHook(Thread { created.toFile().deleteRecursively() })
}
private val names = AtomicLong()

class MemoryBrokerSpec :
    BrokerContract(
        ContractTransport({
            Memory.server(it)
        }, { server, options -> Memory.client(server, options) }, successor = { Memory.server(it.endpoint) }),
    )

class TcpBrokerSpec :
    BrokerContract(
        ContractTransport(
            { Tcp.server("127.0.0.1", port = 0, it) },
            { server, options -> Tcp.client("127.0.0.1", server.port, options) },
            successor = { Tcp.server("127.0.0.1", it.port) },
        ),
    )

class UnixBrokerSpec :
    BrokerContract(
        ContractTransport(
            { Unix.server(folder.resolve("${names.incrementAndGet()}.sock"), it) },
            { server, options -> Unix.client((server.endpoint as Endpoint.Local).name, options) },
            successor = { Unix.server((it.endpoint as Endpoint.Local).name) },
        ),
    )

class TlsBrokerSpec :
    BrokerContract(
        ContractTransport(
            { Tcp.server("127.0.0.1", port = 0, it).tls(ServerTls { identity(certificates.server) }) },
            { server, options ->
                Tcp.client("127.0.0.1", server.port, options).tls(ClientTls { trust(certificates.authority) }, "localhost")
            },
            successor = { Tcp.server("127.0.0.1", it.port).tls(ServerTls { identity(certificates.server) }) },
        ),
    )
