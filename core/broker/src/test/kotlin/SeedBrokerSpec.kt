package io.hawser.broker

import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.util.UUID
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** What the broker that this one descends from was tested for, and promised without a test, over TCP as there. */
class SeedBrokerSpec : StringSpec({
    extension(LeakCheck)

    val channel = UUID(8, 8)
    val eager = LinkOptions { backoff = Backoff.constant(5.milliseconds) }

    /** Runs [block] with a broker, which holds nothing afterwards and leaves no coroutine. */
    suspend fun brokered(options: BrokerOptions = BrokerOptions(), block: suspend CoroutineScope.(Broker) -> Unit) =
        withTimeout(3.minutes) {
            withContext(Dispatchers.Default) {
                coroutineScope {
                    val broker = Broker(Tcp.server("127.0.0.1", port = 0), options).start(this)
                    coroutineScope { block(broker) }
                    broker.stats(every = 1.milliseconds).first { it.peers == 0 }
                    val stats = broker.stats
                    stats.run { listOf(inFlight, waiting, bytes.toInt(), channels.size, providers, consumers) } shouldBe List(6) { 0 }
                    stats.requests shouldBe stats.outcomes.values.sum()
                    broker.close()
                    broker.awaitClosed()
                }
            }
        }

    /** How all requests have ended, once they have: who asked may hear of an end before it is counted. */
    suspend fun Broker.outcomes() = stats(every = 1.milliseconds).first { it.inFlight == 0 }.outcomes

    fun Broker.client() = Tcp.client("127.0.0.1", port)

    fun CoroutineScope.consumer(broker: Broker, on: UUID = channel) = Consumer(
        broker.client(),
        on,
        ConsumerOptions {
            link = eager
            timeout = 2.minutes
        },
    ).start(this)

    suspend fun CoroutineScope.provider(
        broker: Broker,
        on: UUID = channel,
        concurrency: Int = 256,
        handler: suspend Responder.(Request) -> Unit,
    ) = Provider(broker.client(), on, ProviderOptions { link = eager }).start(this, concurrency, handler).also { it.awaitRegistered() }

    suspend fun CoroutineScope.echo(broker: Broker, on: UUID = channel) = provider(broker, on) { reply(it.bytes(limit = 4 shl 20)) }

    suspend fun Consumer.askAll(prefix: String, count: Int) = repeat(count) {
        request("$prefix.$it".encodeToByteArray()).decodeToString() shouldBe "$prefix.$it"
    }

    suspend fun cycle() = brokered { broker ->
        val provider = echo(broker)
        consumer(broker).use { it.askAll("q", 1) }
        provider.close()
    }

    "ten brokers, each started and stopped, leave no coroutine and no thread" {
        cycle()
        val threads = Thread.activeCount()
        coroutineScope {
            val before = coroutineContext.job.children.count()
            repeat(10) { cycle() }
            coroutineContext.job.children.count() shouldBe before
        }
        // Those that all coroutines share may have become more.
        Thread.activeCount() - threads shouldBeLessThanOrEqual 5
    }

    "fifty that connect and go leave nothing registered" {
        brokered { broker ->
            val fifty = List(50) { consumer(broker, UUID(8, it.toLong() % 10)) }
            fifty.forEach { it.awaitRegistered() }
            broker.stats.run { listOf(peers, consumers, channels.size) } shouldBe listOf(50, 50, 10)
            fifty.forEach { it.close() }
            broker.stats(every = 1.milliseconds).first { it.peers == 0 }
            broker.stats.channels shouldBe emptyMap()
        }
    }

    "a hundred brokers, each asked and stopped, leave no memory" {
        repeat(20) { cycle() }
        val before = used()
        repeat(100) { cycle() }
        used() - before shouldBeLessThan TEN_MEBIBYTES
    }

    "a hundred bodies of a mebibyte go there and back, and none of it stays" {
        brokered { broker ->
            val provider = echo(broker)
            consumer(broker).use { consumer ->
                val body = Random(1).nextBytes(1 shl 20)
                consumer.request(body).contentEquals(body) shouldBe true
                val before = used()
                repeat(100) { consumer.request(body).contentEquals(body) shouldBe true }
                used() - before shouldBeLessThan TEN_MEBIBYTES
            }
            provider.close()
        }
    }

    for ((consumers, requests) in listOf(50 to 100, 1 to 1_000, 100 to 10)) {
        "$consumers who ask $requests times each get their own answers" {
            brokered { broker ->
                val provider = echo(broker)
                List(consumers) { n -> async { consumer(broker).use { it.askAll("$n", requests) } } }.awaitAll()
                broker.outcomes() shouldBe mapOf(Outcome.COMPLETED to consumers * requests.toLong())
                provider.close()
            }
        }
    }

    "five who answer, with twenty each who ask fifty times, on channels of their own" {
        brokered { broker ->
            val providers = List(5) { n -> provider(broker, UUID(8, n.toLong())) { reply("$n:".encodeToByteArray() + it.bytes()) } }
            List(100) { n ->
                async {
                    consumer(broker, UUID(8, n % 5L)).use { consumer ->
                        repeat(50) {
                            consumer.request("$n.$it".encodeToByteArray()).decodeToString() shouldBe "${n % 5}:$n.$it"
                        }
                    }
                }
            }.awaitAll()
            broker.outcomes() shouldBe mapOf(Outcome.COMPLETED to 5_000L)
            providers.forEach { it.close() }
        }
    }

    "ten who answer on one channel share what is asked" {
        brokered { broker ->
            val served = List(10) { AtomicInteger() }
            val providers = served.map { count ->
                provider(broker) {
                    count.incrementAndGet()
                    reply(it.bytes())
                }
            }
            consumer(broker).use { consumer -> List(10) { n -> async { consumer.askAll("$n", 100) } }.awaitAll() }
            served.sumOf { it.get() } shouldBe 1_000
            withClue("$served") { served.all { it.get() >= 50 } shouldBe true }
            providers.forEach { it.close() }
        }
    }

    "one who answers one at a time, and slowly, answers all" {
        brokered { broker ->
            val atOnce = AtomicInteger()
            val provider = Provider(
                broker.client(),
                channel,
                ProviderOptions {
                    link = eager
                    prefetch = 0
                },
            ).start(this, concurrency = 1) {
                atOnce.incrementAndGet() shouldBe 1
                delay(2.milliseconds)
                atOnce.decrementAndGet()
                reply(it.bytes())
            }
            provider.awaitRegistered()
            consumer(broker).use { consumer -> List(50) { n -> async { consumer.askAll("$n", 1) } }.awaitAll() }
            provider.close()
        }
    }

    "one who was not answered in time is answered what it asks next, two hundred times" {
        brokered { broker ->
            val givenUp = List(3) { CompletableDeferred<Unit>() }
            val provider = provider(broker) { request ->
                val question = request.bytes()
                // It is late, and answers all the same.
                givenUp.getOrNull(question.size)?.let { withContext(NonCancellable) { it.await() } }
                reply(question)
            }
            consumer(broker).use { consumer ->
                consumer.askAll("warm", 1)
                givenUp.forEachIndexed { size, gaveUp ->
                    shouldThrow<RequestTimeout> { consumer.request(ByteArray(size), timeout = 100.milliseconds) }
                    gaveUp.complete(Unit)
                }
                consumer.askAll("good", 200)
                consumer.inFlight shouldBe 0
            }
            eventually(1.minutes) { provider.inFlight shouldBe 0 }
            provider.close()
            // A broker that is slower than the late answers takes some of them for answers.
            (broker.outcomes().getValue(Outcome.COMPLETED) in 201L..204L) shouldBe true
        }
    }

    "a pool of ten connections is asked by a hundred" {
        brokered { broker ->
            val provider = echo(broker)
            val options = ConsumerOptions {
                link = eager
                timeout = 2.minutes
            }
            ConsumerPool(broker.client(), channel, options = options).start(this).use { pool ->
                pool.size shouldBe 10
                eventually(1.minutes) { pool.registered shouldBe 10 }
                broker.stats.consumers shouldBe 10
                List(100) { n ->
                    async { repeat(10) { pool.request("$n.$it".encodeToByteArray()).decodeToString() shouldBe "$n.$it" } }
                }.awaitAll()
                broker.peers.count { peer -> peer.registrations.single().role == Role.CONSUMER } shouldBe 10
            }
            provider.close()
        }
    }

    "a health check is a ping, which is answered while the handlers are busy, and not by nobody" {
        brokered { broker ->
            consumer(broker).use { consumer ->
                shouldThrow<NoProvider> { consumer.ping(1.minutes) }
                val go = CompletableDeferred<Unit>()
                val provider = provider(broker, concurrency = 1) {
                    go.await()
                    reply(it.bytes())
                }
                val busy = async { consumer.askAll("busy", 1) }
                eventually(1.minutes) { (provider.inFlight > 0) shouldBe true }
                // By default it may take two seconds, which a slow machine need not have.
                (consumer.ping(1.minutes) > Duration.ZERO) shouldBe true
                go.complete(Unit)
                busy.await()
                provider.close()
            }
        }
    }

    "who answers may ask: others, and himself" {
        brokered { broker ->
            val other = UUID(8, 1)
            val doubling = provider(broker, other) { request -> request.bytes().let { reply(it + it) } }
            val asksOther = consumer(broker, other)
            val asksItself = consumer(broker)
            val provider = provider(broker) { request ->
                val number = request.bytes().decodeToString().toInt()
                val below = if (number == 0) {
                    asksOther.request("ab".encodeToByteArray()).decodeToString()
                } else {
                    asksItself.request("${number - 1}".encodeToByteArray()).decodeToString()
                }
                reply("$number $below".encodeToByteArray())
            }
            List(5) {
                async { asksItself.request("20".encodeToByteArray()).decodeToString() shouldBe (20 downTo 0).joinToString(" ") + " abab" }
            }.awaitAll()
            broker.outcomes() shouldBe mapOf(Outcome.COMPLETED to 5L * 22)
            listOf(asksItself, asksOther).forEach { it.close() }
            listOf(provider, doubling).forEach { it.close() }
        }
    }

    "a failure is an answer, said at once, and not silence" {
        brokered { broker ->
            val provider = provider(broker) { request -> fail(request.bytes().size, "no") }
            consumer(broker).use { consumer ->
                List(50) { n -> async { shouldThrow<RequestFailed> { consumer.request(ByteArray(n)) }.code shouldBe n } }.awaitAll()
            }
            provider.close()
            broker.outcomes() shouldBe mapOf(Outcome.FAILED to 50L)
        }
    }

    "a graceful stop answers what is in flight, and refuses what comes" {
        coroutineScope {
            val broker = Broker(Tcp.server("127.0.0.1", port = 0)).start(this)
            val go = CompletableDeferred<Unit>()
            val provider = provider(broker) {
                go.await()
                reply(it.bytes())
            }
            val consumers = List(10) { consumer(broker) }
            val answers = consumers.mapIndexed { n, consumer -> async { consumer.askAll("$n", 1) } }
            broker.stats(every = 1.milliseconds).first { it.inFlight >= 10 }
            val stopping = launch { broker.shutdown(2.minutes) }
            broker.handle.draining.first { it }
            go.complete(Unit)
            withTimeout(1.minutes) { answers.awaitAll() }
            withTimeout(1.minutes) { stopping.join() }
            broker.stats.outcomes shouldBe mapOf(Outcome.COMPLETED to 10L)
            consumers.forEach { it.close() }
            provider.close()
        }
    }
})

private const val TEN_MEBIBYTES = 10L shl 20

/** What is left of the heap when all that can go is gone. */
private suspend fun used(): Long = withContext(Dispatchers.IO) {
    val runtime = Runtime.getRuntime()
    (1..5).minOf {
        System.gc()
        delay(10.milliseconds)
        runtime.totalMemory() - runtime.freeMemory()
    }
}
