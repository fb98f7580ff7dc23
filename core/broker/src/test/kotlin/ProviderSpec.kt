package io.hawser.broker

import io.hawser.broker.link.Membership
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.channel
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

/** What a provider does with what a broker asks, in virtual time. */
class ProviderSpec : StringSpec({
    extension(LeakCheck)

    /** Runs [block] with a provider and the connection that it has. */
    fun providing(
        handler: (suspend Responder.(Request) -> Unit)?,
        concurrency: Int = 10,
        options: ProviderOptions = ProviderOptions(),
        hello: Frame.BrokerHello = Script.hello(),
        block: suspend VirtualTime.(Provider, Scripted, Script) -> Unit,
    ) = virtualTime {
        Script(this).use { script ->
            Provider(script.client(), channel, options).use { provider ->
                if (handler == null) provider.start(this, concurrency) else provider.start(this, concurrency, handler)
                val broker = script.accept(hello)
                provider.awaitRegistered()
                supervisorScope { block(provider, broker, script) }
            }
        }
    }

    val echo: suspend Responder.(Request) -> Unit = { request -> request.body.collect { send(it) } }

    "it registers for what it can handle, and some more" {
        for ((prefetch, capacity) in listOf(16 to 20, 3 to 13, 0 to 10)) {
            virtualTime {
                Script(this).use { script ->
                    Provider(
                        script.client(),
                        channel,
                        ProviderOptions {
                            this.prefetch = prefetch
                        },
                    ).start(this, concurrency = 10, echo).use {
                        val broker = script.connected()
                        broker.register().run {
                            role shouldBe Role.PROVIDER
                            this.capacity shouldBe capacity
                        }
                        it.awaitRegistered()
                    }
                }
            }
        }
    }

    "a handler gets what is asked, and what it sends is the answer, in one frame if it fits" {
        val seen = CompletableDeferred<Request>()
        providing({ request ->
            seen.complete(request)
            echo(request)
        }) { provider, broker, _ ->
            broker.ask(2, bytes("hello"), headers = HeaderBlock.of(mapOf("a" to "b")))
            broker.expect<Frame.Reply>().run {
                id shouldBe 2
                flags shouldBe Frame.WHOLE
                body.words shouldBe "hello"
            }
            seen.await().run {
                headers shouldBe mapOf("a" to "b")
                timeLeft shouldBe 5.seconds
                id shouldBe 1
            }
            broker.ask(8)
            broker.expect<Frame.Reply>().run {
                id shouldBe 8
                flags shouldBe Frame.WHOLE
                body.remaining() shouldBe 0
            }
            provider.inFlight shouldBe 0
        }
    }

    "a stream each way, with credit" {
        providing(echo) { _, broker, _ ->
            broker.ask(2, ByteBuffer.allocate(600), flags = 0)
            broker.expect<Frame.Credit>().bytes shouldBe 600
            broker.expect<Frame.Reply>().run {
                flags shouldBe 0
                body.remaining() shouldBe 600
            }
            broker.say(Frame.Chunk(2, ByteBuffer.allocate(900)), Frame.End(2, 1_500))
            broker.expect<Frame.Chunk>().body.remaining() shouldBe 400
            delay(1.seconds)
            broker.isQuiet shouldBe true
            broker.say(Frame.Credit(2, 1_000))
            broker.expect<Frame.Chunk>().body.remaining() shouldBe 500
            broker.expect<Frame.End>().total shouldBe 1_500
        }
    }

    "reply answers at once, with headers" {
        providing({ request ->
            if (request.id == 1L) reply("all".toByteArray(), mapOf("x" to "y")) else reply(ByteArray(1_500))
            shouldThrow<IllegalStateException> { send(ByteArray(1)) }
        }) { provider, broker, _ ->
            broker.ask(2)
            broker.expect<Frame.Reply>().run {
                flags shouldBe Frame.WHOLE
                headers.read(provider.endpoint) shouldBe mapOf("x" to "y")
                body.words shouldBe "all"
            }
            broker.ask(4)
            broker.expect<Frame.Reply>().body.remaining() shouldBe 1_000
            broker.say(Frame.Credit(4, 1_000))
            broker.expect<Frame.Chunk>().body.remaining() shouldBe 500
            broker.expect<Frame.End>().total shouldBe 1_500
        }
    }

    "headers come first, or not at all" {
        val refused = CompletableDeferred<Throwable?>()
        providing({
            headers(mapOf("x" to "y"))
            send("a".toByteArray())
            refused.complete(runCatching { headers(mapOf()) }.exceptionOrNull())
        }) { provider, broker, _ ->
            broker.ask(2)
            broker.expect<Frame.Reply>().headers.read(provider.endpoint) shouldBe mapOf("x" to "y")
            refused.await().shouldBeInstanceOf<IllegalStateException>()
        }
    }

    "a handler that throws has failed, and says so without its stack" {
        val failures = listOf<Pair<suspend Responder.() -> Unit, Pair<Int, String>>>(
            Pair({ error("told to fail") }, 0 to "told to fail"),
            Pair({ throw IllegalStateException() }, 0 to "IllegalStateException"),
            Pair({ throw CancellationException("by itself") }, 0 to "by itself"),
            Pair({ withTimeout(1.milliseconds) { awaitCancellation() } }, 0 to "timed out waiting for 1 ms"),
            Pair({ fail(42, "on purpose") }, 42 to "on purpose"),
            Pair({ runCatching { fail(42, "swallowed") } }, 42 to "swallowed"),
            Pair({ throw OutOfMemoryError("not really") }, 0 to "not really"),
            Pair(
                {
                    currentCoroutineContext().cancel()
                    awaitCancellation()
                },
                0 to "the handler was cancelled",
            ),
        )
        for ((fails, expected) in failures) {
            providing({ fails() }) { _, broker, _ ->
                broker.ask(2)
                broker.expect<Frame.Error>().run {
                    flags shouldBe Frame.PROVIDER
                    code shouldBe expected.first
                    "$text" shouldEndWith expected.second
                }
                broker.ask(4)
                broker.expect<Frame.Error>().id shouldBe 4
            }
        }
    }

    "a failure comes behind what has been sent" {
        providing({
            send("half".toByteArray())
            error("then it failed")
        }) { _, broker, _ ->
            broker.ask(2)
            broker.expect<Frame.Reply>().body.words shouldBe "half"
            "${broker.expect<Frame.Error>().text}" shouldBe "then it failed"
        }
    }

    "a request that is cancelled cancels its handler, and what it sends goes nowhere" {
        val ended = Channel<Throwable?>(Channel.UNLIMITED)
        providing({
            try {
                while (true) {
                    send(ByteArray(10))
                    delay(1.milliseconds)
                }
            } catch (e: Throwable) {
                ended.send(e)
                throw e
            }
        }) { provider, broker, _ ->
            broker.ask(2)
            broker.expect<Frame.Reply>()
            broker.say(Frame.Cancel(2, 0))
            ended.receive().shouldBeInstanceOf<CancellationException>()
            broker.say(Frame.Credit(2, 1), Frame.Cancel(2, 0))
            while (provider.lateFrames < 2) delay(1.milliseconds)
            provider.inFlight shouldBe 0
        }
    }

    "a handler that only sends is cancelled too" {
        val ended = CompletableDeferred<Unit>()
        providing({
            try {
                while (true) send(ByteArray(100))
            } finally {
                ended.complete(Unit)
            }
        }) { _, broker, _ ->
            broker.ask(2)
            broker.expect<Frame.Reply>()
            broker.say(Frame.Cancel(2, 0))
            ended.await()
        }
    }

    "a deadline cancels the handler, and nothing is said" {
        val ended = CompletableDeferred<Duration>()
        var clock = { Duration.ZERO }
        providing({
            try {
                awaitCancellation()
            } finally {
                ended.complete(clock())
            }
        }) { provider, broker, _ ->
            clock = { elapsed }
            val began = elapsed
            broker.ask(2, timeoutMs = 3_000)
            ended.await() - began shouldBe 3.seconds
            provider.inFlight shouldBe 0
            broker.isQuiet shouldBe true
        }
    }

    "as many handlers run as may, and the others wait" {
        val running = Channel<Request>(Channel.UNLIMITED)
        val gate = Channel<Unit>()
        providing({ request ->
            running.send(request)
            gate.receive()
        }, concurrency = 2) { provider, broker, _ ->
            for (id in 2L..8L step 2) broker.ask(id)
            repeat(2) { running.receive() }
            while (provider.inFlight < 4) delay(1.milliseconds)
            running.isEmpty shouldBe true
            // One that waits and is cancelled is never begun with.
            broker.say(Frame.Cancel(6, 0))
            while (provider.inFlight > 3) delay(1.milliseconds)
            gate.send(Unit)
            broker.expect<Frame.Reply>()
            running.receive().id shouldBe 3
            running.isEmpty shouldBe true
            repeat(2) { gate.send(Unit) }
            repeat(2) { broker.expect<Frame.Reply>() }
        }
    }

    "more than its capacity is a violation, and so is what else may not come" {
        val violations = listOf<Pair<Code, suspend Scripted.() -> Unit>>(
            Code.MALFORMED to { for (id in 4L..8L step 2) ask(id) },
            Code.ORDER to { say(Frame.Start(4, Frame.WHOLE, 2, 0, HeaderBlock.EMPTY, bytes(""))) },
            Code.ORDER to { say(Frame.Chunk(2, bytes("x"))) },
            Code.CREDIT to { ask(4, ByteBuffer.allocate(Script.WINDOW + 1)) },
            Code.CREDIT to { say(Frame.Credit(2, Int.MAX_VALUE)) },
            Code.ID to { say(Frame.Chunk(1, bytes("x"))) },
        )
        for ((code, violate) in violations) {
            val ended = CompletableDeferred<Unit>()
            providing({
                try {
                    awaitCancellation()
                } finally {
                    ended.complete(Unit)
                }
            }, concurrency = 2, ProviderOptions { prefetch = 1 }) { provider, broker, script ->
                broker.ask(2)
                while (provider.inFlight == 0) delay(1.milliseconds)
                broker.violate()
                broker.expect<Frame.GoAway>().code shouldBe code.number
                ended.await()
                script.accept()
            }
        }
    }

    "an end that does not add up fails what collects the body" {
        providing({ request -> request.bytes() }) { _, broker, _ ->
            broker.ask(2, bytes("123"), flags = 0)
            broker.say(Frame.End(2, 4))
            "${broker.expect<Frame.Error>().text}" shouldContain "a body of 3 bytes that was to have 4"
            broker.ask(4, bytes("good"))
            broker.expect<Frame.Reply>()
        }
    }

    "bytes are bounded" {
        providing({ request -> request.bytes(limit = 2) }) { _, broker, _ ->
            broker.ask(2, bytes("123"))
            "${broker.expect<Frame.Error>().text}" shouldContain "over 2 bytes"
        }
    }

    "a probe is answered without the handler" {
        providing({ error("not for me") }) { provider, broker, _ ->
            broker.ask(2, flags = Frame.WHOLE or Frame.PROBE)
            broker.expect<Frame.Reply>().run {
                flags shouldBe Frame.WHOLE
                body.remaining() shouldBe 0
            }
            provider.inFlight shouldBe 0
        }
    }

    "a lost connection cancels the handlers, and the next one registers again" {
        val ended = Channel<Unit>(Channel.UNLIMITED)
        providing({ request ->
            if (request.id > 1) return@providing reply("again".toByteArray())
            try {
                awaitCancellation()
            } finally {
                ended.send(Unit)
            }
        }) { provider, broker, script ->
            broker.ask(2)
            while (provider.inFlight == 0) delay(1.milliseconds)
            broker.connection.close()
            ended.receive()
            val next = script.accept()
            next.ask(2)
            next.expect<Frame.Reply>().body.words shouldBe "again"
        }
    }

    "a handler that ignores its cancellation keeps its place, but not its provider from connecting" {
        val stubborn = CompletableDeferred<Unit>()
        providing({ request ->
            if (request.id == 1L) withContext(NonCancellable) { stubborn.await() }
        }, concurrency = 2) { provider, broker, script ->
            broker.ask(2)
            while (provider.inFlight == 0) delay(1.milliseconds)
            broker.connection.close()
            val next = script.accept()
            next.ask(2)
            next.expect<Frame.Reply>()
            stubborn.complete(Unit)
        }
    }

    "a shutdown has the broker give nothing new, and answers what it has" {
        val gate = CompletableDeferred<Unit>()
        providing({
            gate.await()
            send("done".toByteArray())
        }) { provider, broker, _ ->
            broker.ask(2)
            while (provider.inFlight == 0) delay(1.milliseconds)
            val end = launch { provider.shutdown(60.seconds) }
            broker.expect<Frame.GoAway>().code shouldBe 0
            provider.isRegistered.value shouldBe false
            broker.ask(4)
            gate.complete(Unit)
            setOf(broker.expect<Frame.Reply>().id, broker.expect<Frame.Reply>().id) shouldBe setOf(2L, 4L)
            end.isActive shouldBe true
            broker.connection.shutdownOutput()
            end.join()
            broker.next().shouldBeNull()
        }
    }

    "a grace that is over cuts the handlers" {
        val ended = CompletableDeferred<Unit>()
        providing({
            try {
                awaitCancellation()
            } finally {
                ended.complete(Unit)
            }
        }) { provider, broker, _ ->
            broker.ask(2)
            while (provider.inFlight == 0) delay(1.milliseconds)
            val began = elapsed
            provider.shutdown(3.seconds)
            elapsed - began shouldBe 3.seconds
            ended.await()
        }
    }

    "requests are taken and answered by whoever likes to" {
        providing(null) { provider, broker, _ ->
            broker.ask(2, bytes("one"))
            broker.ask(4, bytes("two"))
            broker.ask(6, bytes("three"))
            val requests = List(3) { checkNotNull(provider.receive()) }
            requests.map { it.bytes().decodeToString() } shouldBe listOf("one", "two", "three")
            provider.respond(requests[1].id, "TWO".toByteArray(), mapOf("x" to "y")) shouldBe true
            broker.expect<Frame.Reply>().run {
                id shouldBe 4
                flags shouldBe Frame.WHOLE
                body.words shouldBe "TWO"
            }
            provider.respond(requests[1].id, ByteArray(0)) shouldBe false
            provider.fail(requests[0].id, 9, "no") shouldBe true
            broker.expect<Frame.Error>().run { Triple(id, code, "$text") shouldBe Triple(2L, 9, "no") }
            provider.respond(requests[2].id, Body.of(flowOf("th".toByteArray(), "ree".toByteArray()))) shouldBe true
            broker.expect<Frame.Reply>().body.words shouldBe "th"
            broker.expect<Frame.Chunk>().body.words shouldBe "ree"
            broker.expect<Frame.End>()
            provider.respond(12_345, ByteArray(0)) shouldBe false
        }
    }

    "one who is cancelled has taken nothing" {
        providing(null) { provider, broker, _ ->
            repeat(50) { round ->
                val takers = List(3) { async { provider.receive() } }
                delay(1.milliseconds)
                broker.ask(2L + 2 * round)
                takers[0].cancelAndJoin()
                takers[1].cancelAndJoin()
                val taken =
                    listOf(takers[0], takers[1]).firstNotNullOfOrNull { runCatching { it.await() }.getOrNull() } ?: takers[2].await()
                takers[2].cancelAndJoin()
                provider.respond(checkNotNull(taken).id, ByteArray(0)) shouldBe true
                broker.expect<Frame.Reply>()
            }
        }
    }

    "a request that is over cannot be answered, and its body ends" {
        providing(null) { provider, broker, _ ->
            broker.ask(2, bytes("beginning"), flags = 0)
            val request = checkNotNull(provider.receive())
            val body = async { runCatching { request.body.toList() } }
            broker.say(Frame.Cancel(2, 0))
            body.await().exceptionOrNull().shouldBeInstanceOf<IOException>()
            provider.respond(request.id, ByteArray(0)) shouldBe false
            provider.fail(request.id, 1, "late") shouldBe false
        }
    }

    "receive returns null at the end, and is not for who has a handler" {
        providing(null) { provider, _, _ ->
            val taken = async { provider.receive() }
            delay(1.milliseconds)
            provider.close()
            taken.await() shouldBe null
            provider.receive() shouldBe null
        }
        providing(echo) { provider, _, _ -> shouldThrow<IllegalStateException> { provider.receive() } }
    }

    "headers that are none fail their request, and nothing else" {
        providing(echo) { _, broker, _ ->
            val twice = HeaderBlock.cut(ByteBuffer.wrap(byteArrayOf(0, 2, 1, 97, 0, 0, 1, 97, 0, 0)))
            broker.ask(2, headers = checkNotNull(twice))
            "${broker.expect<Frame.Error>().text}" shouldContain "twice"
            broker.ask(4)
            broker.expect<Frame.Reply>().id shouldBe 4
        }
    }

    "a shutdown before the registration answers what crosses it" {
        virtualTime {
            Script(this).use { script ->
                Provider(script.client(), channel).start(this, handler = echo).use { provider ->
                    val broker = script.connected()
                    broker.expect<Frame.ClientHello>()
                    broker.expect<Frame.Register>()
                    val end = launch { provider.shutdown(60.seconds) }
                    delay(1.milliseconds)
                    broker.say(Script.hello(), Frame.Registered(Membership.HANDLE, 0, Text.of("")))
                    broker.ask(2, bytes("hi"))
                    broker.expect<Frame.GoAway>().code shouldBe 0
                    broker.expect<Frame.Reply>().body.words shouldBe "hi"
                    broker.connection.shutdownOutput()
                    end.join()
                    broker.next() shouldBe null
                }
            }
        }
    }

    "headers that fill a frame go alone" {
        providing({
            headers(mapOf("a" to "x".repeat(16 * 1024 - 6)))
            send("all".toByteArray())
        }, hello = Script.hello(maxHeaders = 16 * 1024)) { _, broker, _ ->
            broker.ask(2)
            broker.expect<Frame.Reply>().run {
                length shouldBe 16 * 1024
                body.remaining() shouldBe 0
            }
            broker.expect<Frame.Chunk>().body.words shouldBe "all"
            broker.expect<Frame.End>().total shouldBe 3
        }
    }

    "a handler that its scope cancels has not answered" {
        virtualTime {
            Script(this).use { script ->
                val scope = CoroutineScope(currentCoroutineContext() + Job())
                val provider = Provider(script.client(), channel).start(scope) {
                    send("half".toByteArray())
                    runCatching { awaitCancellation() }
                }
                val broker = script.accept()
                broker.ask(2)
                broker.expect<Frame.Reply>().body.words shouldBe "half"
                scope.cancel()
                provider.join()
                runCatching { broker.next() }.getOrNull() shouldBe null
            }
        }
    }

    "an answer that is not there yet is given up with its request" {
        providing(null) { provider, broker, _ ->
            broker.ask(2)
            val request = checkNotNull(provider.receive())
            val answer = async { provider.respond(request.id, Body.of(flow { awaitCancellation() })) }
            delay(1.milliseconds)
            broker.say(Frame.Cancel(2, 0))
            withTimeout(1.minutes) { answer.await() } shouldBe false
        }
    }
})
