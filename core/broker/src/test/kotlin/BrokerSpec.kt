package io.hawser.broker

import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.body
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** What a broker does with those who speak its protocol, and with those who do not, in virtual time. */
class BrokerSpec : StringSpec({
    extension(LeakCheck)

    val channel = UUID(1, 2)

    /** Runs [block] with a broker, which holds nothing afterwards. */
    fun brokered(options: BrokerOptions = BrokerOptions(), block: suspend VirtualTime.(Broker) -> Unit) = virtualTime {
        val broker = Broker(server(), options).start(this)
        block(broker)
        while (broker.peers.isNotEmpty()) delay(1.milliseconds)
        val stats = broker.stats
        listOf(stats.inFlight, stats.waiting, stats.bytes.toInt(), stats.channels.size, stats.providers, stats.consumers) shouldBe
            List(6) { 0 }
        stats.requests shouldBe stats.outcomes.values.sum()
        broker.close()
    }

    suspend fun Broker.await(condition: (BrokerStats) -> Boolean) {
        while (!condition(stats)) delay(1.milliseconds)
    }

    "a hello is answered with what holds for both" {
        brokered(
            BrokerOptions {
                maxFrame = 20_000
                maxHeaders = 100
                window = 2_000
                pingEvery = 3.seconds
            },
        ) { broker ->
            client(broker.handle).connect { connection ->
                val hello = RawPeer(connection).greet()
                listOf(hello.version, hello.maxFrame, hello.maxHeaders, hello.window, hello.pingEveryMs) shouldBe
                    listOf(1, 20_000, 100, 2_000, 3_000)
            }
        }
    }

    "a question goes to who answers, and the answer back, in order and with its headers" {
        brokered { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.say(
                        Frame.Start(7, 0, 1, 5_000, HeaderBlock.of(mapOf("a" to "b")), body("one ")),
                        Frame.Chunk(7, body("two ")),
                        Frame.Chunk(7, body("three")),
                        Frame.End(7, 13),
                    )
                    val start = provider.expect<Frame.Start>()
                    (start.id % 2) shouldBe 0
                    start.handle shouldBe 1
                    start.timeoutMs shouldBe 5_000
                    start.headers.read(provider.connection.endpoint) shouldBe mapOf("a" to "b")
                    start.text + provider.expect<Frame.Chunk>().text + provider.expect<Frame.Chunk>().text shouldBe "one two three"
                    provider.expect<Frame.End>().total shouldBe 13
                    provider.say(
                        Frame.Reply(start.id, 0, HeaderBlock.of(mapOf("c" to "d")), body("uno ")),
                        Frame.Chunk(start.id, body("due")),
                        Frame.End(start.id, 7),
                    )
                    val reply = consumer.expect<Frame.Reply>()
                    reply.id shouldBe 7
                    reply.headers.read(consumer.connection.endpoint) shouldBe mapOf("c" to "d")
                    val rest = buildString {
                        append(reply.text)
                        while (length < 7) append(consumer.expect<Frame.Chunk>().text)
                    }
                    rest shouldBe "uno due"
                    consumer.expect<Frame.End>().total shouldBe 7
                }
            }
            broker.stats.outcomes shouldBe mapOf(Outcome.COMPLETED to 1L)
        }
    }

    "nobody answers: so it says at once, or waits where it is asked to" {
        brokered { broker ->
            consumer(broker, channel) { consumer ->
                consumer.ask(1, "quick")
                consumer.expectError(Code.NO_PROVIDER).id shouldBe 1
                elapsed shouldBe Duration.ZERO
                consumer.ask(3, "patient", Frame.WHOLE or Frame.WAIT)
                broker.await { it.waiting == 1 }
                consumer.ask(5, "patient too", Frame.WAIT)
                consumer.say(Frame.Chunk(5, body(", and long")), Frame.End(5, 21))
                broker.await { it.waiting == 2 }
                provider(broker, channel) { provider ->
                    val start = provider.expect<Frame.Start>()
                    start.text shouldBe "patient"
                    provider.answer(start.id, "at last")
                    consumer.expect<Frame.Reply>().text shouldBe "at last"
                    val second = provider.expect<Frame.Start>()
                    second.text + provider.expect<Frame.Chunk>().text shouldBe "patient too, and long"
                    provider.expect<Frame.End>()
                    provider.answer(second.id, "")
                    consumer.expect<Frame.Reply>().id shouldBe 5
                }
            }
            broker.stats.outcomes shouldBe mapOf(Outcome.NO_PROVIDER to 1L, Outcome.COMPLETED to 2L)
        }
    }

    "who has the fewest gets the next, and each in turn where they are equal" {
        brokered { broker ->
            provider(broker, channel) { first ->
                provider(broker, channel) { second ->
                    consumer(broker, channel) { consumer ->
                        repeat(4) { consumer.ask(2L * it + 1, "$it") }
                        val firsts = List(2) { first.expect<Frame.Start>() }
                        val seconds = List(2) { second.expect<Frame.Start>() }
                        (firsts + seconds).map { it.text }.sorted() shouldBe listOf("0", "1", "2", "3")
                        firsts.forEach { first.answer(it.id, it.text) }
                        repeat(2) { consumer.expect<Frame.Reply>() }
                        repeat(2) { consumer.ask(2L * it + 11, "again") }
                        repeat(2) { first.expect<Frame.Start>().let { start -> first.answer(start.id, "") } }
                        seconds.forEach { second.answer(it.id, it.text) }
                        repeat(4) { consumer.expect<Frame.Reply>() }
                    }
                }
            }
        }
    }

    "those who find all full stand in line, first come first served, and whoever is free takes the next" {
        brokered { broker ->
            provider(broker, channel, capacity = 1) { provider ->
                consumer(broker, channel) { consumer ->
                    repeat(3) { consumer.ask(2L * it + 1, "$it") }
                    broker.await { it.waiting == 2 }
                    broker.stats.inFlight shouldBe 1
                    broker.stats.channels.getValue(channel).waiting shouldBe 2
                    val first = provider.expect<Frame.Start>()
                    provider(broker, channel, capacity = 1) { another ->
                        another.expect<Frame.Start>().let {
                            it.text shouldBe "1"
                            another.answer(it.id, "1")
                        }
                        another.expect<Frame.Start>().let {
                            it.text shouldBe "2"
                            another.answer(it.id, "2")
                        }
                        provider.answer(first.id, "0")
                        List(3) { consumer.expect<Frame.Reply>().text } shouldBe listOf("1", "2", "0")
                    }
                }
            }
        }
    }

    "who stands in line when the last provider leaves is told that there is none" {
        brokered { broker ->
            consumer(broker, channel) { consumer ->
                provider(broker, channel, capacity = 1) {
                    consumer.ask(1, "given")
                    consumer.ask(3, "in line")
                    consumer.ask(5, "patient", Frame.WAIT, timeoutMs = 60_000)
                    broker.await { stats -> stats.waiting == 2 }
                }
                val errors = List(2) { consumer.expect<Frame.Error>() }.associate { it.id to Code.of(it.code) }
                errors shouldBe mapOf(1L to Code.PROVIDER_LOST, 3L to Code.NO_PROVIDER)
                consumer.expectError(Code.TIMED_OUT).id shouldBe 5
                elapsed shouldBe 60.seconds
            }
        }
    }

    "a time that is over ends it for both sides" {
        brokered { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "slow", timeoutMs = 5_000)
                    consumer.ask(3, "slower", timeoutMs = 9_000)
                    val id = provider.expect<Frame.Start>().id
                    provider.expect<Frame.Start>()
                    delay(4.seconds)
                    provider.answer(id, "a beginning", flags = 0)
                    consumer.expect<Frame.Reply>()
                    consumer.expectError(Code.TIMED_OUT).id shouldBe 1
                    elapsed shouldBe 5.seconds
                    provider.expect<Frame.Cancel>().let { listOf(it.id, it.code.toLong()) shouldBe listOf(id, 3L) }
                    // What is said too late is dropped.
                    provider.say(Frame.Chunk(id, body("late")), Frame.End(id, 15))
                    consumer.say(Frame.Credit(1, 1_000))
                    consumer.expectError(Code.TIMED_OUT).id shouldBe 3
                    broker.stats.lateFrames shouldBe 3
                    elapsed shouldBe 9.seconds
                }
            }
            broker.stats.outcomes shouldBe mapOf(Outcome.TIMED_OUT to 2L)
        }
    }

    "nobody waits longer than the broker allows" {
        val options = BrokerOptions {
            maxTimeout = 30.seconds
            pingEvery = Duration.INFINITE
        }
        brokered(options) { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "for ever")
                    consumer.ask(3, "long", timeoutMs = 0xffff_ffff)
                    List(2) { provider.expect<Frame.Start>().timeoutMs } shouldBe listOf(30_000L, 30_000L)
                    repeat(2) { consumer.expectError(Code.TIMED_OUT) }
                    elapsed shouldBe 30.seconds
                }
            }
        }
    }

    "who asked and wants it no more, or is gone, has the handler told" {
        brokered { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "a")
                    consumer.ask(3, "b", flags = 0)
                    val (first, second) = List(2) { provider.expect<Frame.Start>().id }
                    consumer.say(Frame.Cancel(1, 0), Frame.Chunk(1, body("late")))
                    provider.expect<Frame.Cancel>().let { listOf(it.id, it.code.toLong()) shouldBe listOf(first, 0L) }
                    consumer.connection.close()
                    provider.expect<Frame.Cancel>().id shouldBe second
                }
            }
            broker.stats.outcomes shouldBe mapOf(Outcome.CANCELLED to 2L)
            elapsed shouldBe Duration.ZERO
        }
    }

    "a request that was not given yet and is cancelled is heard of by nobody" {
        brokered { broker ->
            provider(broker, channel, capacity = 1) { provider ->
                consumer(broker, channel) { consumer ->
                    repeat(3) { consumer.ask(2L * it + 1, "$it") }
                    broker.await { it.waiting == 2 }
                    consumer.say(Frame.Cancel(3, 0))
                    broker.await { it.waiting == 1 }
                    provider.answer(provider.expect<Frame.Start>().id, "")
                    provider.expect<Frame.Start>().let {
                        it.text shouldBe "2"
                        provider.answer(it.id, "")
                    }
                    repeat(2) { consumer.expect<Frame.Reply>() }
                }
            }
        }
    }

    "what a provider fails with is its own, whatever code it has" {
        brokered { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "a")
                    val id = provider.expect<Frame.Start>().id
                    provider.say(Frame.Reply(id, 0, HeaderBlock.EMPTY, body("half")), Frame.Error(id, 0, 1, Text.of("out of paper")))
                    consumer.expect<Frame.Reply>().text shouldBe "half"
                    val error = consumer.expect<Frame.Error>()
                    listOf(error.code, error.flags, "${error.text}") shouldBe listOf(1, Frame.PROVIDER, "out of paper")
                }
            }
            broker.stats.outcomes shouldBe mapOf(Outcome.FAILED to 1L)
        }
    }

    "an idempotent request goes to another provider, and no other does" {
        brokered { broker ->
            consumer(broker, channel) { consumer ->
                val lost = async(start = UNDISPATCHED) {
                    provider(broker, channel) { first ->
                        List(4) { first.expect<Frame.Start>() }.also { starts ->
                            first.say(Frame.Reply(starts[1].id, 0, HeaderBlock.EMPTY, body("be")))
                            consumer.expect<Frame.Reply>().id shouldBe 3
                        }
                    }
                }
                broker.await { it.providers == 1 }
                consumer.ask(1, "not so", Frame.WHOLE)
                consumer.ask(3, "begun", Frame.WHOLE or Frame.IDEMPOTENT)
                consumer.ask(5, "not whole", Frame.IDEMPOTENT)
                consumer.ask(7, "again ", Frame.IDEMPOTENT)
                consumer.say(Frame.Chunk(7, body("and again")), Frame.End(7, 15), Frame.Credit(7, 77))
                provider(broker, channel) { second ->
                    lost.await()
                    val errors = List(3) { consumer.expectError(Code.PROVIDER_LOST).id }
                    errors.sorted() shouldBe listOf(1L, 3L, 5L)
                    val start = second.expect<Frame.Start>()
                    val rest = List(3) { second.hear() }
                    rest.filterIsInstance<Frame.Credit>().single().bytes shouldBe 77
                    start.text + rest.filterIsInstance<Frame.Chunk>().single().text shouldBe "again and again"
                    rest.last { it !is Frame.Credit }.shouldBeInstanceOf<Frame.End>()
                    second.answer(start.id, "done")
                    consumer.expect<Frame.Reply>().text shouldBe "done"
                    broker.stats.repeats shouldBe 1
                }
            }
        }
    }

    "what is longer than a window is not given to another, who has granted nothing" {
        brokered(BrokerOptions { window = 2_000 }) { broker ->
            consumer(broker, channel) { consumer ->
                val lost = async(start = UNDISPATCHED) {
                    provider(broker, channel) { first ->
                        first.say(Frame.Credit(first.expect<Frame.Start>().id, 1))
                        consumer.expect<Frame.Credit>()
                        consumer.say(Frame.Chunk(1, body(1)), Frame.End(1, 2_001))
                        while (first.hear() !is Frame.End) continue
                    }
                }
                broker.await { it.providers == 1 }
                consumer.say(Frame.Start(1, Frame.IDEMPOTENT, 1, 0, HeaderBlock.EMPTY, body(2_000)))
                provider(broker, channel) { second ->
                    lost.await()
                    consumer.expectError(Code.PROVIDER_LOST)
                    consumer.ask(3, "still here")
                    second.answer(second.expect<Frame.Start>().id, "yes")
                    consumer.expect<Frame.Reply>()
                }
            }
        }
    }

    "a request that ends every provider is given up" {
        brokered(BrokerOptions { maxRepeats = 2 }) { broker ->
            consumer(broker, channel) { consumer ->
                consumer.ask(1, "poison", Frame.WHOLE or Frame.IDEMPOTENT or Frame.WAIT)
                repeat(3) { provider(broker, channel) { it.expect<Frame.Start>() } }
                consumer.expectError(Code.PROVIDER_LOST)
            }
        }
    }

    "credit goes from one end to the other, and more than that is a violation" {
        brokered(BrokerOptions { window = 2_000 }) { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "x".repeat(2_000), flags = 0)
                    val id = provider.expect<Frame.Start>().id
                    provider.say(Frame.Credit(id, 1_000))
                    consumer.expect<Frame.Credit>().let { listOf(it.id, it.bytes.toLong()) shouldBe listOf(1L, 1_000L) }
                    consumer.say(Frame.Chunk(1, body(1_000)))
                    provider.expect<Frame.Chunk>()
                    consumer.say(Frame.Chunk(1, body(1)))
                    consumer.expectViolation(Code.CREDIT)
                    provider.expect<Frame.Cancel>().id shouldBe id
                }
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "q")
                    val id = provider.expect<Frame.Start>().id
                    provider.say(Frame.Reply(id, 0, HeaderBlock.EMPTY, body(2_000)))
                    consumer.expect<Frame.Reply>()
                    consumer.say(Frame.Credit(1, 500))
                    provider.expect<Frame.Credit>().bytes shouldBe 500
                    provider.say(Frame.Chunk(id, body(501)))
                    provider.expectViolation(Code.CREDIT)
                    consumer.expectError(Code.PROVIDER_LOST)
                }
            }
        }
    }

    "a body that is not as long as it says is broken, and that is all" {
        brokered { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "four", flags = 0)
                    provider.expect<Frame.Start>()
                    consumer.say(Frame.End(1, 5))
                    consumer.expectError(Code.BROKEN_BODY).text.toString() shouldContain "4 bytes of a body of 5"
                    provider.expect<Frame.Cancel>()
                    consumer.ask(3, "q")
                    val id = provider.expect<Frame.Start>().id
                    provider.say(Frame.Reply(id, 0, HeaderBlock.EMPTY, body("abc")), Frame.End(id, 4))
                    // What had come of it may have left before.
                    val last = consumer.hear().let { if (it is Frame.Reply) consumer.hear() else it }
                    (last as Frame.Error).code shouldBe Code.BROKEN_BODY.number
                    consumer.ask(5, "q")
                    provider.answer(provider.expect<Frame.Start>().id, "fine")
                    consumer.expect<Frame.Reply>().text shouldBe "fine"
                }
            }
        }
    }

    "headers that are too long fail their request, on either side" {
        brokered(BrokerOptions { maxHeaders = 100 }) { broker ->
            val long = HeaderBlock.of(mapOf("long" to "x".repeat(100)))
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.say(Frame.Start(1, Frame.WHOLE, 1, 0, long, body("")))
                    consumer.expectError(Code.HEADERS_TOO_LARGE)
                    consumer.ask(3, "q")
                    val id = provider.expect<Frame.Start>().id
                    provider.say(Frame.Reply(id, 0, long, body("")))
                    // A handler has run: it is not as if nobody had begun.
                    val error = consumer.expect<Frame.Error>()
                    error.flags shouldBe Frame.PROVIDER
                    "${error.text}" shouldContain "over 100"
                    provider.expect<Frame.Cancel>().id shouldBe id
                }
            }
        }
    }

    val violations = mapOf<String, Pair<Code, suspend (RawPeer) -> Unit>>(
        "START on a handle that nobody has" to (Code.ORDER to { it.ask(1, "x", handle = 9) }),
        "START on a handle that answers" to (
            Code.ORDER to { peer ->
                peer.register(Role.PROVIDER, channel, handle = 2)
                peer.ask(1, "x", handle = 2)
            }
            ),
        "a handle twice" to (Code.ID to { it.say(Frame.Register(1, Role.CONSUMER, channel, 0, ByteArray(0))) }),
        "an id twice" to (
            Code.ID to { peer ->
                peer.ask(1, "x", Frame.WAIT)
                peer.ask(1, "x", Frame.WAIT)
            }
            ),
        "an even id" to (Code.ID to { it.ask(2, "x") }),
        "an answer that nobody asked for" to (Code.ID to { it.answer(2, "x") }),
        "CHUNK behind END" to (
            Code.ORDER to { peer ->
                peer.ask(1, "x", Frame.WAIT)
                peer.say(Frame.End(1, 1), Frame.Chunk(1, body("y")))
            }
            ),
        "END twice" to (
            Code.ORDER to { peer ->
                peer.ask(1, "x", Frame.WAIT)
                peer.say(Frame.End(1, 1), Frame.End(1, 1))
            }
            ),
        "END behind a whole START" to (
            Code.ORDER to { peer ->
                peer.ask(1, "x", Frame.WAIT or Frame.WHOLE)
                peer.say(Frame.End(1, 1))
            }
            ),
        "more than the window at once" to (
            Code.CREDIT to { peer ->
                repeat(9) { n ->
                    peer.say(
                        if (n ==
                            0
                        ) {
                            Frame.Start(1, Frame.WAIT, 1, 0, HeaderBlock.EMPTY, body(60_000))
                        } else {
                            Frame.Chunk(1, body(60_000))
                        },
                    )
                }
            }
            ),
        "more credit than can be counted" to (
            Code.CREDIT to { peer ->
                peer.ask(1, "x", Frame.WAIT)
                peer.say(Frame.Credit(1, Int.MAX_VALUE))
            }
            ),
        "HELLO twice" to (Code.ORDER to { it.say(Frame.ClientHello(1, 1, HeaderBlock.EMPTY)) }),
    )
    for ((name, violation) in violations) {
        "$name is a violation, which is told, and ends that connection alone" {
            brokered { broker ->
                consumer(broker, channel) { neighbour ->
                    consumer(broker, channel) { peer ->
                        violation.second(peer)
                        peer.expectViolation(violation.first)
                    }
                    provider(broker, channel) { provider ->
                        neighbour.ask(1, "still")
                        provider.answer(provider.expect<Frame.Start>().id, "here")
                        neighbour.expect<Frame.Reply>().text shouldBe "here"
                    }
                }
            }
        }
    }

    val disorders = mapOf<String, suspend (RawPeer, Long) -> Unit>(
        "REPLY twice" to { peer, id ->
            peer.answer(id, "a", flags = 0)
            peer.answer(id, "b", flags = 0)
        },
        "CHUNK before REPLY" to { peer, id -> peer.say(Frame.Chunk(id, body("x"))) },
        "END before REPLY" to { peer, id -> peer.say(Frame.End(id, 0)) },
    )
    for ((name, disorder) in disorders) {
        "$name is a violation of who answers, which is lost" {
            brokered { broker ->
                consumer(broker, channel) { consumer ->
                    provider(broker, channel) { provider ->
                        consumer.ask(1, "q")
                        disorder(provider, provider.expect<Frame.Start>().id)
                        provider.expectViolation(Code.ORDER)
                    }
                    var last = consumer.hear()
                    while (last is Frame.Reply) last = consumer.hear()
                    (last as Frame.Error).code shouldBe Code.PROVIDER_LOST.number
                }
            }
        }
    }

    "a version that is not spoken is told which one is" {
        brokered { broker ->
            client(broker.handle).connect { connection ->
                val peer = RawPeer(connection)
                peer.say(Frame.ClientHello(2, 7, HeaderBlock.EMPTY))
                val away = peer.expect<Frame.GoAway>()
                listOf(away.code, "${away.text}") shouldBe listOf(Code.VERSION.number, "speaks 1 to 1")
                peer.hear() shouldBe null
            }
        }
    }

    "who says nothing, or is not admitted, is sent away in time" {
        brokered(BrokerOptions { admission = BrokerAdmission { if (it.role == Role.CONSUMER) "no consumers" else null } }) { broker ->
            client(broker.handle).connect { RawPeer(it).expectViolation(Code.TIMED_OUT) }
            elapsed shouldBe 10.seconds
            greeted(broker) { it.expectViolation(Code.TIMED_OUT) }
            elapsed shouldBe 20.seconds
            greeted(broker) { peer ->
                val refused = peer.register(Role.CONSUMER, channel)
                listOf(Code.of(refused.code), "${refused.text}") shouldBe listOf(Code.NOT_ADMITTED, "no consumers")
                peer.expectViolation(Code.TIMED_OUT)
            }
            elapsed shouldBe 30.seconds
            provider(broker, channel) { delay(11.seconds) }
            broker.stats.refusals shouldBe 1
        }
    }

    "an admission sees role, channel, token and connection, may take its time, and holds up nobody" {
        val seen = ArrayList<String>()
        val rule = BrokerAdmission {
            seen += "$it ${it.tokenText} ${it.token.size}"
            when (it.tokenText) {
                "slow" -> delay(5.seconds)
                "never" -> awaitCancellation()
                "wrong" -> error("a secret: ${it.tokenText}")
            }
            null
        }
        brokered(BrokerOptions { admission = rule }) { broker ->
            greeted(broker) { peer ->
                listOf("slow", "never", "wrong", "quick").forEachIndexed { i, token ->
                    peer.say(Frame.Register(i + 1L, Role.CONSUMER, channel, 0, token.encodeToByteArray()))
                }
                val first = List(2) { peer.expect<Frame.Registered>() }
                first.map { it.id to Code.of(it.code) } shouldContainExactly listOf(3L to Code.NOT_ADMITTED, 4L to Code.PEACE)
                "${first[0].text}" shouldBe "the admission failed"
                peer.ask(1, "q", handle = 4)
                peer.expectError(Code.NO_PROVIDER)
                peer.expect<Frame.Registered>().let { listOf(it.id, it.code.toLong()) shouldBe listOf(1L, 0L) }
                elapsed shouldBe 5.seconds
                peer.expect<Frame.Registered>().let { "${it.text}" shouldBe "the admission took too long" }
                elapsed shouldBe 10.seconds
            }
            seen.first() shouldContain "consumer of $channel at "
            seen.first() shouldContain " slow 4"
        }
    }

    "what is over a limit is told so at once" {
        val options = BrokerOptions {
            maxInFlightPerConnection = 3
            maxInFlight = 4
            maxWaiting = 2
            maxRegistrations = 3
            maxChannels = 2
        }
        brokered(options) { broker ->
            provider(broker, channel, capacity = 1) { provider ->
                consumer(broker, channel) { consumer ->
                    repeat(4) { consumer.ask(2L * it + 1, "$it") }
                    consumer.expectError(Code.TOO_MANY_OF_CONNECTION).id shouldBe 7
                    consumer(broker, channel) { another ->
                        another.ask(1, "no room in line")
                        another.expectError(Code.TOO_MANY_WAITING)
                        provider(broker, channel, capacity = 1) { second ->
                            val one = second.expect<Frame.Start>().id
                            broker.await { it.waiting == 1 }
                            another.ask(3, "in line")
                            broker.await { it.waiting == 2 }
                            another.ask(5, "too many")
                            another.expectError(Code.TOO_MANY)
                            second.answer(one, "")
                            consumer.expect<Frame.Reply>()
                            repeat(2) { second.answer(second.expect<Frame.Start>().id, "") }
                            consumer.expect<Frame.Reply>()
                            another.expect<Frame.Reply>()
                        }
                    }
                    consumer.register(Role.CONSUMER, UUID(7, 7), handle = 2).code shouldBe 0
                    Code.of(consumer.register(Role.CONSUMER, UUID(8, 8), handle = 3).code) shouldBe Code.TOO_MANY_CHANNELS
                    Code.of(consumer.register(Role.CONSUMER, UUID(8, 8), handle = 4).code) shouldBe Code.TOO_MANY_REGISTRATIONS
                    provider.answer(provider.expect<Frame.Start>().id, "")
                    consumer.expect<Frame.Reply>()
                }
            }
            broker.stats.outcomes shouldBe mapOf(Outcome.COMPLETED to 4L, Outcome.OVERLOADED to 3L)
        }
    }

    "bodies that nobody takes are held to the bytes that may wait" {
        val options = BrokerOptions {
            maxQueuedBytes = 500_000
            maxBytes = 700_000
        }
        brokered(options) { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { stalled ->
                    repeat(4) { stalled.ask(2L * it + 1, "$it") }
                    // Each is a window, and the consumer reads none of them.
                    repeat(4) {
                        val id = provider.expect<Frame.Start>().id
                        provider.say(Frame.Reply(id, 0, HeaderBlock.EMPTY, body(60_000)))
                        repeat(3) { provider.say(Frame.Chunk(id, body(60_000))) }
                    }
                    val cancelled = List(1) { provider.expect<Frame.Cancel>() }
                    cancelled.size shouldBe 1
                    (broker.stats.bytes <= 500_000) shouldBe true
                    consumer(broker, channel) { another ->
                        another.ask(1, "q")
                        var next = provider.hear()
                        while (next is Frame.Cancel) next = provider.hear()
                        provider.answer((next as Frame.Start).id, "fine")
                        another.expect<Frame.Reply>().text shouldBe "fine"
                    }
                }
            }
            (broker.stats.outcomes.getValue(Outcome.OVERLOADED) >= 1L) shouldBe true
        }
    }

    "a flood of frames about the connection is held to the bytes that may wait, and a long line behind it ends one by one" {
        val options = BrokerOptions {
            maxFrame = 16 * 1024
            maxQueuedBytes = 32 * 1024
            maxRegistrations = 1
        }
        brokered(options) { broker ->
            provider(broker, channel, capacity = 1) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "first")
                    provider.expect<Frame.Start>()
                    repeat(5_000) {
                        consumer.say(Frame.Start(2L * it + 3, 0, 1, 0, HeaderBlock.EMPTY, body("x")), Frame.Chunk(2L * it + 3, body("y")))
                    }
                    broker.await { it.waiting == 5_000 }
                    // It reads nothing of what it is told: the broker stops to listen.
                    val flood = launch { repeat(10_000) { provider.say(Frame.Register(2L + it, Role.CONSUMER, channel, 0, ByteArray(0))) } }
                    while (broker.peers.none { it.queuedBytes > 32 * 1024 }) delay(1.milliseconds)
                    (broker.peers.maxOf { it.queuedBytes } < 200 * 1024) shouldBe true
                    flood.isActive shouldBe true
                    consumer.say(Frame.Cancel(1, 0))
                    List(5_000) { consumer.expectError(Code.TOO_MANY_BYTES_OF_CONNECTION).id } shouldBe List(5_000) { 2L * it + 3 }
                    flood.cancel()
                }
            }
        }
    }

    "what has been let in to wait is not turned away when its turn comes" {
        val options = BrokerOptions {
            maxFrame = 16 * 1024
            maxBytes = 100_000
        }
        brokered(options) { broker ->
            provider(broker, channel, capacity = 1) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "first")
                    val first = provider.expect<Frame.Start>()
                    var id = 1L
                    while (broker.stats.outcomes.isEmpty()) {
                        id += 2
                        consumer.say(
                            Frame.Start(id, 0, 1, 0, HeaderBlock.EMPTY, body(3_000)),
                            Frame.Chunk(id, body(3_000)),
                            Frame.End(id, 6_000),
                        )
                        delay(1.milliseconds)
                    }
                    consumer.expectError(Code.TOO_MANY_BYTES)
                    provider.answer(first.id, "")
                    repeat((id - 3).toInt() / 2) {
                        val start = provider.expect<Frame.Start>()
                        while (provider.hear() !is Frame.End) continue
                        provider.answer(start.id, "")
                    }
                    repeat((id - 1).toInt() / 2) { consumer.expect<Frame.Reply>() }
                }
            }
        }
    }

    "what is longer than the credit that another provider has for it is not given to that" {
        brokered(BrokerOptions { window = 16 * 1024 }) { broker ->
            consumer(broker, channel) { consumer ->
                provider(broker, channel) { first ->
                    consumer.say(Frame.Start(1, Frame.IDEMPOTENT, 1, 0, HeaderBlock.EMPTY, body(16 * 1024)))
                    first.say(Frame.Credit(first.expect<Frame.Start>().id, 8_000))
                    consumer.expect<Frame.Credit>()
                    consumer.say(Frame.Chunk(1, body(8_000)), Frame.End(1, 16 * 1024 + 8_000))
                    while (first.hear() !is Frame.End) continue
                    provider(broker, channel) {
                        first.connection.close()
                        consumer.expectError(Code.PROVIDER_LOST)
                    }
                }
            }
        }
    }

    "who talks and takes nothing of what waits for it is gone in time" {
        brokered { broker ->
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    repeat(10) {
                        consumer.ask(2L * it + 1, "q")
                        val id = provider.expect<Frame.Start>().id
                        provider.answer(id, "a".repeat(60_000))
                    }
                    launch {
                        runCatching {
                            while (true) {
                                delay(5.seconds)
                                consumer.say(Frame.Ping(1))
                            }
                        }
                    }
                    while (broker.stats.consumers > 0) delay(1.seconds)
                    (elapsed < 60.seconds) shouldBe true
                }
            }
        }
    }

    "an admission that does not end when it is cancelled keeps nobody waiting" {
        val gate = CompletableDeferred<Unit>()
        val rule = BrokerAdmission {
            if (it.tokenText == "slow") withContext(NonCancellable) { gate.await() }
            null
        }
        brokered(BrokerOptions { admission = rule }) { broker ->
            consumer(broker, channel) { consumer ->
                provider(broker, channel) { provider ->
                    consumer.ask(1, "q")
                    provider.expect<Frame.Start>()
                    provider.say(Frame.Register(2, Role.PROVIDER, channel, 1, "slow".encodeToByteArray()))
                }
                consumer.expectError(Code.PROVIDER_LOST)
                elapsed shouldBe Duration.ZERO
                gate.complete(Unit)
            }
        }
    }

    "a provider that leaves answers what it has, gets nothing more, and then the end" {
        brokered { broker ->
            consumer(broker, channel) { consumer ->
                provider(broker, channel) { provider ->
                    consumer.ask(1, "before")
                    val id = provider.expect<Frame.Start>().id
                    provider.say(Frame.GoAway(0, Text.of("")))
                    broker.await { it.channels.getValue(channel).inFlight == 1 }
                    // All on one loop: it has been heard by the time that this is.
                    delay(1.milliseconds)
                    consumer.ask(3, "behind")
                    consumer.expectError(Code.NO_PROVIDER).id shouldBe 3
                    provider.answer(id, "still")
                    consumer.expect<Frame.Reply>().text shouldBe "still"
                    provider.hear() shouldBe null
                }
            }
        }
    }

    "a shutdown lets what there is be answered, takes nothing new, and ends all streams" {
        virtualTime {
            val broker = Broker(server()).start(this)
            provider(broker, channel, capacity = 1) { provider ->
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "given")
                    consumer.ask(3, "in line")
                    broker.await { it.waiting == 1 }
                    val first = provider.expect<Frame.Start>()
                    val before = elapsed
                    val shutdown = launch { broker.shutdown(60.seconds) }
                    // The first is the one that is told.
                    launch { broker.shutdown(60.seconds) }
                    listOf(consumer, provider).forEach { it.expect<Frame.GoAway>().code shouldBe 0 }
                    consumer.ask(5, "new")
                    consumer.expectError(Code.GOING_AWAY)
                    provider.answer(first.id, "1")
                    provider.answer(provider.expect<Frame.Start>().id, "2")
                    List(2) { consumer.expect<Frame.Reply>().text } shouldBe listOf("1", "2")
                    listOf(consumer, provider).forEach {
                        // Behind everything: with what is asked now nobody has begun.
                        it.expect<Frame.GoAway>().code shouldBe 0
                        it.hear() shouldBe null
                        it.connection.close()
                    }
                    shutdown.join()
                    elapsed shouldBe before
                }
            }
            broker.stats.outcomes shouldBe mapOf(Outcome.COMPLETED to 2L, Outcome.CUT to 1L)
        }
    }

    "what is not answered within the grace is cut" {
        virtualTime {
            val broker = Broker(server()).start(this)
            provider(broker, channel) {
                consumer(broker, channel) { consumer ->
                    consumer.ask(1, "slow")
                    broker.await { it.inFlight == 1 }
                    val before = elapsed
                    broker.shutdown(3.seconds)
                    elapsed - before shouldBe 3.seconds
                }
            }
            broker.stats.let { listOf(it.outcomes, it.inFlight, it.peers) shouldBe listOf(mapOf(Outcome.CUT to 1L), 0, 0) }
        }
    }

    "who is silent is asked, and who does not answer is gone in 20 seconds" {
        brokered { broker ->
            val events = ArrayList<BrokerEvent>()
            val seeing = launch(start = UNDISPATCHED) { broker.events.toList(events) }
            provider(broker, channel) { provider ->
                consumer(broker, channel) { consumer ->
                    listOf(provider, consumer).forEach { it.lives = false }
                    consumer.ask(1, "q")
                    provider.expect<Frame.Start>()
                    delay(14.seconds)
                    consumer.say(Frame.Ping(7))
                    consumer.expect<Frame.Pong>().content shouldBe 7
                    provider.expect<Frame.Ping>()
                    elapsed shouldBe 15.seconds
                    consumer.expectError(Code.PROVIDER_LOST)
                    elapsed shouldBe 20.seconds
                    repeat(100) { consumer.expect<Frame.Ping>().let { consumer.say(Frame.Pong(it.content)) } }
                    (elapsed > 20.minutes) shouldBe true
                }
            }
            events.map { it.toString() } shouldContain
                events.filterIsInstance<BrokerEvent.Disconnected>().first { it.cause != null }.toString()
            seeing.cancel()
        }
    }

    "a peer can be disconnected" {
        brokered { broker ->
            consumer(broker, channel) { consumer ->
                broker.peers.single().registrations.map { "$it" } shouldBe listOf("consumer of $channel")
                broker.disconnect(broker.peers.single().id) shouldBe true
                consumer.hear() shouldBe null
                broker.disconnect(4_711) shouldBe false
            }
        }
    }

    "it tells of itself to whoever asks for its statistics, if it is to" {
        coroutineScope {
            val broker = Broker(Memory.server(), BrokerOptions { remoteStats = true }).start(this)
            val client = Memory.client(broker.handle)
            val provider = Provider(client, channel).start(this) { send("a".encodeToByteArray()) }
            provider.awaitRegistered()
            shouldThrow<NotAdmitted> { Provider(client, Broker.STATS).start(this) {}.awaitRegistered() }
            Consumer(client, channel).start(this).use { asking ->
                asking.request(ByteArray(1)).decodeToString() shouldBe "a"
                Consumer(client, Broker.STATS).start(this).use { curious ->
                    val json = curious.request(flow { repeat(100) { emit(ByteArray(10_000)) } }).decodeToString()
                    json shouldContain "\"outcomes\":{\"completed\":1}"
                    json shouldContain
                        "\"$channel\":{\"providers\":1,\"consumers\":1,\"in_flight\":0,\"waiting\":0,\"requests\":1,\"answered\":1"
                }
            }
            provider.close()
            broker.close()
        }
        brokered { broker ->
            consumer(broker, Broker.STATS) {
                it.ask(1, "")
                it.expectError(Code.NO_PROVIDER)
            }
        }
    }

    "what it does can be followed, until it ends" {
        virtualTime {
            val broker = Broker(server()).start(this)
            val following = async { broker.stats(every = 1.seconds).toList() }
            delay(2_500.milliseconds)
            broker.close()
            following.await().size shouldBe 3
        }
    }

    "a broker is started once" {
        virtualTime {
            val broker = Broker(server())
            shouldThrow<IllegalStateException> { broker.port }
            broker.start(this)
            shouldThrow<IllegalStateException> { broker.start(this) }
            broker.close()
            shouldThrow<IllegalArgumentException> { broker.shutdown((-1).seconds) }
            Broker(server()).also { it.close() }.let { closed -> shouldThrow<IllegalStateException> { closed.start(this) } }
        }
    }
})
