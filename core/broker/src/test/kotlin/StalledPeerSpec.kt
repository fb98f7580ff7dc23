package io.hawser.broker

import io.hawser.ClientOptions
import io.hawser.ServerOptions
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.body
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** Peers that take nothing more from their sockets, and those beside them, who notice nothing of it. */
class StalledPeerSpec : StringSpec({
    extension(LeakCheck)

    val stalled = UUID(9, 1)
    val calm = UUID(9, 2)

    // What the kernel holds is not much, whatever it would like to.
    val tight = ServerOptions { socket { sendBuffer = 64 * 1024 } }

    /** Runs [block] with a broker, and a pair that goes on with its requests meanwhile. */
    suspend fun brokered(block: suspend CoroutineScope.(Broker) -> Unit) = withTimeout(3.minutes) {
        withContext(Dispatchers.Default) {
            coroutineScope {
                val options = BrokerOptions {
                    window = 256 * 1024
                    maxQueuedBytes = QUEUED
                    // Who is slow is not who is gone.
                    pingEvery = Duration.INFINITE
                }
                val broker = Broker(Tcp.server("127.0.0.1", port = 0, tight), options).start(this)
                val provider = Provider(Tcp.client("127.0.0.1", broker.port), calm).start(this) { reply(it.bytes()) }
                provider.awaitRegistered()
                coroutineScope { block(broker) }
                provider.close()
                broker.stats(every = 1.milliseconds).first { it.peers == 0 }
                broker.stats.run { listOf(inFlight, waiting, bytes.toInt(), channels.size) } shouldBe List(4) { 0 }
                broker.stats.run { requests shouldBe outcomes.values.sum() }
                broker.close()
            }
        }
    }

    suspend fun CoroutineScope.goOn(broker: Broker) =
        Consumer(Tcp.client("127.0.0.1", broker.port), calm, ConsumerOptions { timeout = 1.minutes }).start(this).use { consumer ->
            repeat(200) { consumer.request("$it".encodeToByteArray()).decodeToString() shouldBe "$it" }
            consumer.request(ByteArray(500_000)).size shouldBe 500_000
        }

    /** A peer that hears nothing but what it is told to hear. */
    suspend fun deaf(broker: Broker, role: Role, block: suspend (RawPeer) -> Unit) {
        val options = ClientOptions { socket { receiveBuffer = 16 * 1024 } }
        Tcp.client("127.0.0.1", broker.port, options).connect { connection ->
            val peer = RawPeer(connection)
            peer.greet()
            peer.register(role, stalled, capacity = CAPACITY)
            block(peer)
        }
    }

    fun Broker.queuedFor(role: Role) = peers.filter { peer ->
        peer.registrations.any { it.role == role && it.channel == stalled }
    }.sumOf { it.queuedBytes }

    "who asks and does not read holds a bounded number of bytes, and harms nobody" {
        brokered { broker ->
            val provider = Provider(Tcp.client("127.0.0.1", broker.port), stalled).start(this) {
                repeat(4) { send(ByteArray(50_000)) }
            }
            provider.awaitRegistered()
            deaf(broker, Role.CONSUMER) { peer ->
                repeat(ASKED) { peer.ask(2L * it + 1, "much") }
                // Each answer is less than a window, but there is no room for all of them.
                while (broker.stats.outcomes.run { getOrDefault(Outcome.COMPLETED, 0) + getOrDefault(Outcome.OVERLOADED, 0) } < ASKED) {
                    broker.queuedFor(Role.CONSUMER) shouldBeLessThanOrEqual QUEUED + SLACK
                    delay(1.milliseconds)
                }
                goOn(broker)
                withClue("${broker.stats}") { (broker.stats.outcomes.getValue(Outcome.OVERLOADED) > 0) shouldBe true }
                // When it reads again it learns of each of them how it ended, once.
                val ends = HashMap<Long, Boolean>()
                while (ends.size < ASKED) {
                    val frame = peer.hear() ?: throw AssertionError("the end, after ${ends.size}")
                    if (!frame.isLast) continue
                    if (frame is Frame.Error) frame.code shouldBe Code.TOO_MANY_BYTES_OF_CONNECTION.number
                    ends.put(frame.id, frame is Frame.Error) shouldBe null
                }
                ends.values.count { it }.toLong() shouldBe broker.stats.outcomes[Outcome.OVERLOADED]
                // And is as good as any other.
                peer.ask(2L * ASKED + 1, "again")
                var frame = peer.expect<Frame.Reply>() as Frame
                while (!frame.isLast) frame = checkNotNull(peer.hear())
                (frame is Frame.End) shouldBe true
            }
            provider.close()
        }
    }

    "who is killed while it does not read has all that it asked ended" {
        brokered { broker ->
            val provider = Provider(Tcp.client("127.0.0.1", broker.port), stalled).start(this) {
                repeat(20) { send(ByteArray(50_000)) }
            }
            provider.awaitRegistered()
            deaf(broker, Role.CONSUMER) { peer ->
                // Answers of several windows wait for their credit.
                repeat(4) { peer.ask(2L * it + 1, "long") }
                broker.stats(every = 1.milliseconds).first { it.inFlight >= 4 }
                goOn(broker)
                broker.stats.channels.getValue(stalled).inFlight shouldBe 4
                provider.inFlight shouldBe 4
                broker.queuedFor(Role.CONSUMER) shouldBeLessThanOrEqual QUEUED + SLACK
                peer.connection.abort()
            }
            eventually(1.minutes) { provider.inFlight + broker.stats.inFlight shouldBe 0 }
            broker.stats.outcomes.getValue(Outcome.CANCELLED) shouldBe 4
            provider.close()
        }
    }

    "who answers and does not read is given a bounded number of bytes, and what it has is lost with it" {
        brokered { broker ->
            deaf(broker, Role.PROVIDER) { peer ->
                Consumer(Tcp.client("127.0.0.1", broker.port), stalled, ConsumerOptions { timeout = 2.minutes }).start(this).use { asking ->
                    val ends = List(CAPACITY + 4) { async { runCatching { asking.request(ByteArray(1_000_000)) }.exceptionOrNull() } }
                    broker.stats(every = 1.milliseconds).first { Outcome.OVERLOADED in it.outcomes }
                    broker.queuedFor(Role.PROVIDER) shouldBeLessThanOrEqual QUEUED + SLACK
                    goOn(broker)
                    // The connection of who asks it goes on, too.
                    Provider(Tcp.client("127.0.0.1", broker.port), stalled).start(this) { reply(it.bytes(1 shl 20)) }.use { other ->
                        other.awaitRegistered()
                        asking.request("x".encodeToByteArray()).decodeToString() shouldBe "x"
                        broker.queuedFor(Role.PROVIDER) shouldBeLessThanOrEqual QUEUED + SLACK
                        peer.connection.abort()
                        val failures = ends.map { it.await() }
                        withClue("$failures") {
                            failures.filterNotNull().all {
                                it is ProviderLost || (it as? Overloaded)?.limit == Overloaded.Limit.BytesOfConnection
                            } shouldBe true
                            failures.count { it is Overloaded }.toLong() shouldBe broker.stats.outcomes[Outcome.OVERLOADED]
                            (failures.count { it is ProviderLost } > 0) shouldBe true
                        }
                    }
                }
            }
        }
    }

    "a request to who does not read ends in its time" {
        brokered { broker ->
            deaf(broker, Role.PROVIDER) {
                Consumer(Tcp.client("127.0.0.1", broker.port), stalled).start(this).use { asking ->
                    val ends = List(CAPACITY) { async { runCatching { asking.request(ByteArray(400_000), 300.milliseconds) } } }
                    goOn(broker)
                    for (end in ends) {
                        when (val failure = end.await().exceptionOrNull()) {
                            is RequestTimeout, is Overloaded -> Unit
                            else -> throw AssertionError("$failure")
                        }
                    }
                    asking.inFlight shouldBe 0
                    broker.stats(every = 1.milliseconds).first { it.inFlight == 0 }
                    // What had not left is forgotten with it.
                    broker.queuedFor(Role.PROVIDER) shouldBeLessThanOrEqual QUEUED
                }
            }
        }
    }

    "who neither reads nor speaks is found, and what it has is lost" {
        withTimeout(3.minutes) {
            coroutineScope {
                val options = BrokerOptions {
                    // All is asked before anybody is missed.
                    pingEvery = 3.seconds
                    pingTimeout = 2.seconds
                }
                val broker = Broker(Tcp.server("127.0.0.1", port = 0, tight), options).start(this)
                deaf(broker, Role.PROVIDER) {
                    deaf(broker, Role.CONSUMER) { consumer ->
                        repeat(CAPACITY) { consumer.say(Frame.Start(2L * it + 1, 0, 1, 0, HeaderBlock.EMPTY, body(60_000))) }
                        broker.stats(every = 1.milliseconds).first { it.peers == 0 }
                        broker.stats.run { listOf(inFlight, waiting, bytes.toInt(), channels.size) } shouldBe List(4) { 0 }
                        broker.stats.run { listOf(requests, outcomes.values.sum()) } shouldBe List(2) { CAPACITY.toLong() }
                    }
                }
                broker.close()
            }
        }
    }
})

private const val QUEUED = 2L * 1024 * 1024
private const val CAPACITY = 16
private const val ASKED = 64

/** What always fits beside bodies: a START for each of a provider's places, and heads and ends. */
private const val SLACK = CAPACITY * 66L * 1024
