package io.hawser.broker

import io.hawser.ConnectionClosed
import io.hawser.MalformedFrame
import io.hawser.broker.link.Membership
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.channel
import io.hawser.reconnect.LinkStopped
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.consumeAsFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.fold
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.yield

/** What a consumer says to a broker, and makes of what that says, in virtual time. */
class ConsumerSpec : StringSpec({
    extension(LeakCheck)

    /** Runs [block] with a consumer and the connection that it has. */
    fun consuming(
        options: ConsumerOptions = ConsumerOptions(),
        hello: Frame.BrokerHello = Script.hello(),
        block: suspend VirtualTime.(Consumer, Scripted, Script) -> Unit,
    ) = virtualTime {
        Script(this).use { script ->
            Consumer(script.client(), channel, options).start(this).use { consumer ->
                val broker = script.accept(hello)
                consumer.awaitRegistered()
                supervisorScope { block(consumer, broker, script) }
            }
        }
    }

    "a request that fits is one frame, and so is its answer" {
        consuming(ConsumerOptions { waitForProvider = true }) { consumer, broker, _ ->
            val answer = async { consumer.request("hello".toByteArray(), 1500.milliseconds + 1.nanoseconds, mapOf("a" to "b")) }
            val start = broker.expect<Frame.Start>()
            start.id shouldBe 1
            start.handle shouldBe Membership.HANDLE
            start.flags shouldBe (Frame.WHOLE or Frame.WAIT)
            start.timeoutMs shouldBe 1501
            start.headers.read(consumer.endpoint) shouldBe mapOf("a" to "b")
            start.body.words shouldBe "hello"
            consumer.inFlight shouldBe 1
            broker.answer(1, "HELLO")
            answer.await().decodeToString() shouldBe "HELLO"
            consumer.inFlight shouldBe 0
            val next = async { consumer.request(Body.of(ByteArray(0)), Duration.INFINITE, idempotent = true) }
            broker.expect<Frame.Start>().run {
                id shouldBe 3
                timeoutMs shouldBe 0
                flags shouldBe (Frame.WHOLE or Frame.WAIT or Frame.IDEMPOTENT)
            }
            broker.answer(3, "")
            next.await().size shouldBe 0
        }
    }

    "the hello and the registration come at once, with the token" {
        virtualTime {
            Script(this).use { script ->
                Consumer(script.client(), channel, ConsumerOptions { token = "secret".toByteArray() }).start(this).use {
                    val broker = script.connected()
                    val register = broker.register()
                    register.role shouldBe Role.CONSUMER
                    register.channel shouldBe channel
                    register.capacity shouldBe 0
                    register.token.decodeToString() shouldBe "secret"
                }
            }
        }
    }

    "a longer body than a frame goes out at once, as far as there is room" {
        consuming(hello = Script.hello(window = 40_000)) { consumer, broker, _ ->
            val body = ByteArray(40_000) { it.toByte() }
            val answer = async { consumer.request(body) }
            val start = broker.expect<Frame.Start>()
            start.length shouldBe 16 * 1024
            val chunks = List(2) { broker.expect<Frame.Chunk>() }
            broker.expect<Frame.End>().total shouldBe 40_000
            (listOf(start.body) + chunks.map { it.body }).flatMap { part -> List(part.remaining()) { part.get(it) } } shouldBe body.toList()
            broker.answer(1, "ok")
            answer.await().decodeToString() shouldBe "ok"
        }
    }

    "who sends waits for credit, and goes on with it" {
        consuming { consumer, broker, _ ->
            val answer = async { consumer.request(ByteArray(2_500)) }
            broker.expect<Frame.Start>().body.remaining() shouldBe Script.WINDOW
            delay(1.seconds)
            broker.isQuiet shouldBe true
            broker.say(Frame.Credit(1, 700))
            broker.expect<Frame.Chunk>().body.remaining() shouldBe 700
            delay(1.seconds)
            broker.isQuiet shouldBe true
            broker.say(Frame.Credit(1, 10_000))
            broker.expect<Frame.Chunk>().body.remaining() shouldBe 800
            broker.expect<Frame.End>().total shouldBe 2_500
            broker.answer(1, "ok")
            answer.await().decodeToString() shouldBe "ok"
        }
    }

    "a flow is sent as it comes, while the reply is taken" {
        consuming { consumer, broker, _ ->
            val pieces = Channel<ByteArray>()
            val seen = Channel<String>(Channel.UNLIMITED)
            val asking = launch { consumer.stream(pieces.consumeAsFlow()).collect { seen.send(it.decodeToString()) } }
            broker.expect<Frame.Start>().run {
                flags shouldBe 0
                body.remaining() shouldBe 0
            }
            broker.say(Frame.Reply(1, 0, HeaderBlock.EMPTY, bytes("")))
            for (word in listOf("one", "two")) {
                pieces.send(word.toByteArray())
                broker.expect<Frame.Chunk>().body.words shouldBe word
                broker.say(Frame.Chunk(1, bytes(word.uppercase())))
                seen.receive() shouldBe word.uppercase()
            }
            pieces.close()
            broker.expect<Frame.End>().total shouldBe 6
            broker.say(Frame.End(1, 6))
            asking.join()
        }
    }

    "what is taken of a reply is granted, in lumps" {
        consuming { consumer, broker, _ ->
            val sum = async { consumer.stream(ByteArray(0)).fold(0) { sum, chunk -> sum + chunk.size } }
            broker.expect<Frame.Start>()
            broker.say(Frame.Reply(1, 0, HeaderBlock.EMPTY, ByteBuffer.allocate(600)))
            broker.expect<Frame.Credit>().bytes shouldBe 600
            broker.say(Frame.Chunk(1, ByteBuffer.allocate(900)), Frame.End(1, 1_500))
            sum.await() shouldBe 1_500
            broker.isQuiet shouldBe true
        }
    }

    "the headers of a reply, and its body" {
        consuming { consumer, broker, _ ->
            val answer = async {
                consumer.exchange(Body.of("q".toByteArray())) { reply -> reply.headers to reply.body.toList().map { it.decodeToString() } }
            }
            broker.expect<Frame.Start>()
            broker.say(Frame.Reply(1, Frame.WHOLE, HeaderBlock.of(mapOf("x" to "y")), bytes("all")))
            answer.await() shouldBe (mapOf("x" to "y") to listOf("all"))
        }
    }

    "a file is sent as it is, and one that is not there is not asked about" {
        val file = Files.createTempFile("hawser", ".txt")
        try {
            Files.writeString(file, "in a file")
            // Without a timer, because files are read on threads that do not live in virtual time.
            val patient = ConsumerOptions {
                timeout = Duration.INFINITE
                pingEvery = Duration.INFINITE
            }
            consuming(patient) { consumer, broker, _ ->
                val answer = async { consumer.request(file) }
                broker.expect<Frame.Start>()
                broker.expect<Frame.Chunk>().body.words shouldBe "in a file"
                broker.expect<Frame.End>().total shouldBe 9
                broker.answer(1, "ok")
                answer.await().decodeToString() shouldBe "ok"
                shouldThrow<NoSuchFileException> { consumer.request(Path.of("/nowhere/at all")) }
                broker.isQuiet shouldBe true
            }
        } finally {
            Files.delete(file)
        }
    }

    "who is cancelled, or stops collecting, cancels the request; what still comes is late" {
        consuming { consumer, broker, _ ->
            val cancelled = launch { consumer.request(ByteArray(1)) }
            broker.expect<Frame.Start>()
            cancelled.cancelAndJoin()
            broker.expect<Frame.Cancel>().run {
                id shouldBe 1
                code shouldBe 0
            }
            val first = async { consumer.stream(ByteArray(1)).take(1).toList().single().decodeToString() }
            broker.expect<Frame.Start>()
            broker.say(Frame.Reply(3, 0, HeaderBlock.EMPTY, bytes("first")))
            first.await() shouldBe "first"
            broker.expect<Frame.Cancel>().id shouldBe 3
            broker.say(Frame.Chunk(3, bytes("second")), Frame.End(3, 11), Frame.Error(1, 0, 3, Text.of("late")))
            val next = async { consumer.request(ByteArray(1)) }
            broker.expect<Frame.Start>()
            broker.answer(5, "good")
            next.await().decodeToString() shouldBe "good"
            consumer.lateFrames shouldBe 3
            consumer.inFlight shouldBe 0
        }
    }

    "a flow that fails is what the request fails with, and the request is cancelled" {
        consuming { consumer, broker, _ ->
            val answer = async { runCatching { consumer.request(flow<ByteArray> { throw NoProvider(channel) }) } }
            broker.expect<Frame.Start>()
            answer.await().exceptionOrNull().shouldBeInstanceOf<NoProvider>()
            broker.expect<Frame.Cancel>().id shouldBe 1
        }
    }

    "an answer before all has been asked stops the sender" {
        consuming { consumer, broker, _ ->
            val answer = async { consumer.request(flow<ByteArray> { while (true) emit(ByteArray(100)) }) }
            broker.expect<Frame.Start>()
            repeat(10) { broker.expect<Frame.Chunk>() }
            broker.answer(1, "enough")
            answer.await().decodeToString() shouldBe "enough"
            broker.isQuiet shouldBe true
        }
    }

    "each code is a failure of its own" {
        consuming { consumer, broker, _ ->
            suspend fun failure(error: (Long) -> Frame): Throwable? {
                val answer = async { runCatching { consumer.request(ByteArray(1), timeout = 5.seconds) } }
                val start = broker.expect<Frame.Start>()
                broker.say(error(start.id))
                return answer.await().exceptionOrNull()
            }

            suspend fun failure(code: Code): Throwable? = failure { Frame.Error(it, 0, code.number, Text.of("words")) }

            failure { Frame.Error(it, Frame.PROVIDER, 7, Text.of("told to")) }.shouldBeInstanceOf<RequestFailed>().run {
                code shouldBe 7
                message shouldBe "the provider of $channel failed with 7: told to"
            }
            failure(Code.NO_PROVIDER).shouldBeInstanceOf<NoProvider>()
            failure(Code.PROVIDER_LOST).shouldBeInstanceOf<ProviderLost>()
            failure(Code.TIMED_OUT).shouldBeInstanceOf<RequestTimeout>().run {
                mayHaveRun shouldBe true
                // That was the broker's limit, and not ours.
                message shouldBe "no answer on $channel within 0 ms"
            }
            failure(Code.HEADERS_TOO_LARGE).shouldBeInstanceOf<HeadersTooLarge>().limit shouldBe 1024
            failure(Code.BROKEN_BODY).shouldBeInstanceOf<MalformedFrame>().message shouldContain "words"
            failure(Code.TOO_MANY).shouldBeInstanceOf<Overloaded>().limit shouldBe Overloaded.Limit.Requests
            failure(Code.TOO_MANY_WAITING).shouldBeInstanceOf<Overloaded>().limit shouldBe Overloaded.Limit.Waiting
            failure { Frame.Error(it, 0, 29, Text.of("")) }.shouldBeInstanceOf<Overloaded>().limit shouldBe Overloaded.Limit.Other
            failure { Frame.Error(it, 0, 12_345, Text.of("")) }.shouldBeInstanceOf<ProviderLost>()
            consumer.isRegistered.value shouldBe true
        }
    }

    "a deadline ends the request here, and the broker is told" {
        consuming { consumer, broker, _ ->
            val began = elapsed
            val answer = async { runCatching { consumer.request(ByteArray(1), timeout = 3.seconds) } }
            broker.expect<Frame.Start>().timeoutMs shouldBe 3_000
            answer.await().exceptionOrNull().shouldBeInstanceOf<RequestTimeout>().mayHaveRun shouldBe true
            elapsed - began shouldBe 3.seconds
            broker.expect<Frame.Cancel>().code shouldBe Code.TIMED_OUT.number
        }
    }

    "the timeout covers the taking of the reply" {
        consuming { consumer, broker, _ ->
            val answer = async {
                runCatching {
                    consumer.exchange(Body.of(ByteArray(1)), timeout = 3.seconds) { reply ->
                        delay(4.seconds)
                        reply.body.toList()
                    }
                }
            }
            broker.expect<Frame.Start>()
            broker.answer(1, "in time")
            answer.await().exceptionOrNull().shouldBeInstanceOf<RequestTimeout>()
            broker.isQuiet shouldBe true
        }
    }

    "timeouts are positive" {
        consuming { consumer, broker, _ ->
            for (timeout in listOf(Duration.ZERO, -1.seconds)) {
                shouldThrow<IllegalArgumentException> { consumer.request(ByteArray(1), timeout) }.message shouldBe
                    "timeout is not positive: $timeout"
                shouldThrow<IllegalArgumentException> { consumer.ping(timeout) }
            }
            shouldThrow<IllegalArgumentException> { consumer.stream(ByteArray(1), Duration.ZERO).toList() }
            broker.isQuiet shouldBe true
        }
    }

    "headers that do not fit, or that cannot be, are not sent" {
        consuming { consumer, broker, _ ->
            shouldThrow<HeadersTooLarge> { consumer.request(ByteArray(1), headers = mapOf("a" to "x".repeat(1024))) }.limit shouldBe 1024
            shouldThrow<IllegalArgumentException> { consumer.request(ByteArray(1), headers = mapOf("" to "x")) }
            broker.isQuiet shouldBe true
        }
    }

    "a reply over maxReply is too large, and cancelled" {
        consuming(ConsumerOptions { maxReply = 10 }) { consumer, broker, _ ->
            val answer = async { runCatching { consumer.request(ByteArray(1)) } }
            broker.expect<Frame.Start>()
            broker.say(Frame.Reply(1, 0, HeaderBlock.EMPTY, bytes("123456")), Frame.Chunk(1, bytes("78901")))
            answer.await().exceptionOrNull().shouldBeInstanceOf<BodyTooLarge>().limit shouldBe 10
            broker.expect<Frame.Cancel>()
        }
    }

    "a reply whose length is not what its end says is broken, and nothing else is" {
        consuming { consumer, broker, _ ->
            val answer = async { runCatching { consumer.request(ByteArray(1)) } }
            broker.expect<Frame.Start>()
            broker.say(Frame.Reply(1, 0, HeaderBlock.EMPTY, bytes("123")), Frame.End(1, 4))
            answer.await().exceptionOrNull().shouldBeInstanceOf<MalformedFrame>().message shouldContain
                "a body of 3 bytes that was to have 4"
            broker.expect<Frame.Cancel>()
            val next = async { consumer.request(ByteArray(1)) }
            broker.expect<Frame.Start>()
            broker.answer(3, "good")
            next.await().decodeToString() shouldBe "good"
        }
    }

    "who loses the connection does not know whether the handler ran" {
        consuming { consumer, broker, script ->
            val answer = async { runCatching { consumer.request(ByteArray(1)) } }
            broker.expect<Frame.Start>()
            broker.connection.close()
            answer.await().exceptionOrNull().shouldBeInstanceOf<BrokerLost>().run {
                mayHaveRun shouldBe true
                cause.shouldBeInstanceOf<ConnectionClosed>()
            }
            val again = async { consumer.request(ByteArray(1)) }
            val next = script.accept()
            next.expect<Frame.Start>().id shouldBe 1
            next.answer(1, "back")
            again.await().decodeToString() shouldBe "back"
        }
    }

    "without a connection the timeout tells of the last failure" {
        virtualTime {
            Script(this).use { script ->
                Consumer(script.client(), channel).start(this).use { consumer ->
                    val broker = script.connected()
                    broker.register(code = Code.TOO_MANY_REGISTRATIONS)
                    val failure = shouldThrow<RequestTimeout> { consumer.request(ByteArray(1), timeout = 50.milliseconds) }
                    failure.mayHaveRun shouldBe false
                    failure.suppressed.single().shouldBeInstanceOf<Overloaded>().limit shouldBe Overloaded.Limit.Registrations
                }
            }
        }
    }

    "a broker that leaves is asked nothing new" {
        consuming { consumer, broker, script ->
            val first = async { consumer.request("one".toByteArray()) }
            broker.expect<Frame.Start>()
            broker.goAway()
            consumer.isRegistered.first { !it }
            val second = async { consumer.request("two".toByteArray()) }
            yield()
            broker.answer(1, "ONE")
            first.await().decodeToString() shouldBe "ONE"
            broker.isQuiet shouldBe true
            broker.connection.close()
            val next = script.accept()
            next.expect<Frame.Start>().body.words shouldBe "two"
            next.answer(1, "TWO")
            second.await().decodeToString() shouldBe "TWO"
        }
    }

    "what the broker may not say ends the connection, and it is told" {
        val violations = listOf<Pair<Code, suspend Scripted.() -> Unit>>(
            Code.ORDER to { say(Frame.Chunk(1, bytes("x"))) },
            Code.ORDER to { say(Frame.End(1, 0)) },
            Code.ORDER to { repeat(2) { say(Frame.Reply(1, 0, HeaderBlock.EMPTY, bytes(""))) } },
            Code.ORDER to { ask(2) },
            Code.CREDIT to { say(Frame.Reply(1, 0, HeaderBlock.EMPTY, ByteBuffer.allocate(Script.WINDOW + 1))) },
            Code.CREDIT to { say(Frame.Credit(1, Int.MAX_VALUE)) },
            Code.ID to { say(Frame.Reply(3, 0, HeaderBlock.EMPTY, bytes(""))) },
            Code.ORDER to { say(Frame.Registered(1, 0, Text.of(""))) },
        )
        for ((code, violate) in violations) {
            consuming { consumer, broker, script ->
                val answer = async { runCatching { consumer.request(ByteArray(1)) } }
                broker.expect<Frame.Start>()
                broker.violate()
                broker.expect<Frame.GoAway>().code shouldBe code.number
                answer.await().exceptionOrNull().shouldBeInstanceOf<BrokerLost>().cause.shouldBeInstanceOf<MalformedFrame>()
                broker.next().shouldBeNull()
                script.accept()
            }
        }
    }

    "a broker that ends the connection for a reason is quoted" {
        consuming { consumer, broker, _ ->
            val answer = async { runCatching { consumer.request(ByteArray(1)) } }
            broker.expect<Frame.Start>()
            broker.goAway(Code.CREDIT, "too much of it")
            answer.await().exceptionOrNull().shouldBeInstanceOf<BrokerLost>().cause?.message shouldContain "too much of it"
        }
    }

    "a ping is answered by the other side's library" {
        consuming(ConsumerOptions { waitForProvider = true }) { consumer, broker, _ ->
            val ping = async { consumer.ping() }
            broker.expect<Frame.Start>().run {
                flags shouldBe (Frame.WHOLE or Frame.PROBE)
                timeoutMs shouldBe 2_000
            }
            delay(30.milliseconds)
            broker.answer(1, "")
            ping.await() shouldBe 30.milliseconds
        }
    }

    "a shutdown waits for what has been asked, and asks nothing new" {
        consuming { consumer, broker, _ ->
            val answer = async { consumer.request(ByteArray(1)) }
            broker.expect<Frame.Start>()
            val end = launch { consumer.shutdown(60.seconds) }
            consumer.isRegistered.first { it }
            delay(1.seconds)
            end.isActive shouldBe true
            consumer.isRegistered.value shouldBe false
            broker.answer(1, "done")
            answer.await().decodeToString() shouldBe "done"
            end.join()
            broker.next().shouldBeNull()
            shouldThrow<LinkStopped> { consumer.request(ByteArray(1)) }
        }
    }

    "many at once do not wait for each other" {
        consuming { consumer, broker, _ ->
            val answers = List(100) { async { consumer.request("$it".toByteArray()).decodeToString() } }
            val starts = List(100) { broker.expect<Frame.Start>() }
            for (start in starts.reversed()) broker.answer(start.id, start.body.words)
            answers.map { it.await() } shouldBe List(100) { "$it" }
        }
    }

    "a reply is not for later" {
        consuming { consumer, broker, _ ->
            val kept = CompletableDeferred<Reply>()
            val asking = launch { consumer.exchange(Body.of(ByteArray(1))) { kept.complete(it) } }
            broker.expect<Frame.Start>()
            broker.answer(1, "gone")
            joinAll(asking)
            shouldThrow<IllegalStateException> { kept.await().body.toList() }.message shouldContain "over"
        }
    }

    "a pool asks in turn, over those that are registered" {
        virtualTime {
            Script(this).use { script ->
                ConsumerPool(script.client(), channel, size = 3).start(this).use { pool ->
                    val asked = async { pool.request("first".toByteArray()) }
                    val brokers = listOf(script.accept(), script.connected(), script.connected())
                    brokers[0].expect<Frame.Start>()
                    brokers[0].answer(1, "one")
                    asked.await().decodeToString() shouldBe "one"
                    pool.registered shouldBe 1
                    for (broker in brokers.drop(1)) broker.register()
                    while (pool.registered < 3) delay(1.milliseconds)
                    val more = List(6) { async { pool.request(ByteArray(1)) } }
                    for (broker in brokers) {
                        repeat(2) { broker.answer(broker.expect<Frame.Start>().id, "ok") }
                    }
                    for (answer in more) answer.await().decodeToString() shouldBe "ok"
                }
            }
        }
    }

    "what has not left when the connection is lost has not run" {
        consuming(hello = Script.hello(window = 1024 * 1024)) { consumer, broker, _ ->
            broker.isDeaf.value = true
            val answers = List(400) { async { runCatching { consumer.request(ByteArray(16_000)) } } }
            while (consumer.inFlight < 400) delay(1.milliseconds)
            delay(1.milliseconds)
            broker.connection.close()
            val lost = answers.map { it.await().exceptionOrNull().shouldBeInstanceOf<BrokerLost>() }
            lost.first().mayHaveRun shouldBe true
            lost.last().mayHaveRun shouldBe false
            broker.isDeaf.value = false
        }
    }

    "who is cancelled already asks nothing" {
        consuming { consumer, broker, _ ->
            launch {
                currentCoroutineContext().cancel()
                consumer.request(ByteArray(1))
            }.join()
            val next = async { consumer.request(ByteArray(1)) }
            broker.expect<Frame.Start>().id shouldBe 1
            broker.answer(1, "")
            next.await()
        }
    }

    "a flow that fails when it is stopped does not cost the reply" {
        consuming { consumer, broker, _ ->
            val question = flow<ByteArray> {
                try {
                    awaitCancellation()
                } finally {
                    error("cannot be closed")
                }
            }
            val answer = async { runCatching { consumer.request(question) } }
            broker.expect<Frame.Start>()
            broker.answer(1, "enough")
            answer.await().getOrThrow().decodeToString() shouldBe "enough"
        }
    }

    "a broker that goes away is not pinged by the next connection, and takes no requests" {
        consuming { consumer, broker, _ ->
            val ping = async { runCatching { consumer.ping() } }
            broker.expect<Frame.Start>()
            broker.refuse(1, Code.GOING_AWAY)
            ping.await().exceptionOrNull().shouldBeInstanceOf<BrokerLeaving>()
            consumer.isRegistered.value shouldBe false
        }
    }
})
