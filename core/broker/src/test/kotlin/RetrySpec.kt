package io.hawser.broker

import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import io.hawser.broker.wire.Text
import io.hawser.broker.wire.channel
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkStopped
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withTimeout

/** What a consumer asks again, in virtual time. */
class RetrySpec : StringSpec({
    extension(LeakCheck)

    fun consuming(
        block: ConsumerOptions.Builder.() -> Unit = { retry = Backoff.constant(1.seconds).upTo(2) },
        test: suspend VirtualTime.(Consumer, Scripted, Script) -> Unit,
    ) = virtualTime {
        Script(this).use { script ->
            Consumer(script.client(), channel, ConsumerOptions(block)).start(this).use { consumer ->
                val broker = script.accept()
                consumer.awaitRegistered()
                supervisorScope { test(consumer, broker, script) }
            }
        }
    }

    /** What becomes of a request, each attempt of which meets [error]; and how many attempts there are. */
    suspend fun VirtualTime.attempts(
        consumer: Consumer,
        broker: Scripted,
        body: Body = Body.of(ByteArray(1)),
        idempotent: Boolean = false,
        error: (Long) -> Frame,
    ): Pair<Int, Throwable?> = supervisorScope {
        val answer = async { runCatching { consumer.request(body, 10.seconds, idempotent = idempotent) } }
        var count = 0
        val asking = async {
            while (true) {
                val frame = broker.next() ?: break
                if (frame is Frame.Start) {
                    count++
                    broker.say(error(frame.id))
                }
            }
        }
        val failure = answer.await().exceptionOrNull()
        asking.cancel()
        count to failure
    }

    fun error(code: Code): (Long) -> Frame = { Frame.Error(it, 0, code.number, Text.of("")) }

    "what no handler has begun with is asked again, as the policy says" {
        consuming { consumer, broker, _ ->
            val began = elapsed
            for (code in listOf(Code.NO_PROVIDER, Code.TOO_MANY, Code.TOO_MANY_WAITING)) {
                attempts(consumer, broker, error = error(code)).first shouldBe 3
            }
            elapsed - began shouldBe 6.seconds
        }
    }

    "what one may have begun with is asked again only if it is idempotent" {
        consuming { consumer, broker, _ ->
            for (code in listOf(Code.PROVIDER_LOST, Code.TOO_MANY_BYTES, Code.OVERLOADED)) {
                attempts(consumer, broker, idempotent = false, error = error(code)).first shouldBe 1
                attempts(consumer, broker, idempotent = true, error = error(code)).first shouldBe 3
            }
        }
    }

    "what a provider has said is an answer" {
        consuming { consumer, broker, _ ->
            val failed = attempts(consumer, broker, idempotent = true) { Frame.Error(it, Frame.PROVIDER, 1, Text.of("no")) }
            failed.first shouldBe 1
            failed.second.shouldBeInstanceOf<RequestFailed>()
        }
    }

    "without a policy nothing is asked again" {
        consuming({}) { consumer, broker, _ ->
            attempts(consumer, broker, idempotent = true, error = error(Code.NO_PROVIDER)).first shouldBe 1
        }
    }

    "a wait that is not over before the timeout is not begun" {
        consuming({ retry = Backoff.constant(6.seconds) }) { consumer, broker, _ ->
            val began = elapsed
            val (count, failure) = attempts(consumer, broker, error = error(Code.NO_PROVIDER))
            count shouldBe 2
            failure.shouldBeInstanceOf<NoProvider>().suppressed.single().shouldBeInstanceOf<NoProvider>()
            elapsed - began shouldBe 6.seconds
        }
    }

    "a body is asked with again if it can be sent again" {
        consuming { consumer, broker, _ ->
            val once: Flow<ByteArray> = flowOf(ByteArray(1))
            attempts(consumer, broker, Body.of(once), error = error(Code.NO_PROVIDER)).first shouldBe 1
            var collected = 0
            val often = Body.repeatable(
                flow {
                    collected++
                    emit(ByteArray(1))
                },
            )
            attempts(consumer, broker, often, error = error(Code.NO_PROVIDER)).first shouldBe 3
            collected shouldBe 3
        }
    }

    "a body that is still being sent is asked with again too, from its beginning" {
        consuming { consumer, broker, _ ->
            val body = Body.of(ByteArray(Script.WINDOW * 2))
            val answer = async { consumer.request(body, 10.seconds, idempotent = true) }
            broker.expect<Frame.Start>().body.remaining() shouldBe Script.WINDOW
            broker.refuse(1, Code.PROVIDER_LOST)
            broker.expect<Frame.Start>().body.remaining() shouldBe Script.WINDOW
            broker.answer(3, "ok")
            answer.await().decodeToString() shouldBe "ok"
        }
    }

    "an attempt that takes too long is one that failed" {
        consuming({
            retry = Backoff.constant(1.seconds)
            attemptTimeout = 2.seconds
        }) { consumer, broker, _ ->
            val began = elapsed
            val times = mutableListOf<Pair<Duration, Long>>()
            val answer = async { runCatching { consumer.request(Body.of(ByteArray(1)), 10.seconds, idempotent = true) } }
            val asking = async {
                while (true) {
                    val frame = broker.next() ?: break
                    if (frame is Frame.Start) times += (elapsed - began) to frame.timeoutMs
                }
            }
            answer.await().exceptionOrNull().shouldBeInstanceOf<RequestTimeout>().timeout shouldBe java.time.Duration.ofSeconds(10)
            asking.cancel()
            times shouldBe listOf(0.seconds to 2_000L, 3.seconds to 2_000L, 6.seconds to 2_000L, 9.seconds to 1_000L)
            elapsed - began shouldBe 10.seconds
        }
    }

    "a broker that leaves is asked again by the next connection, whatever the policy says" {
        consuming({}) { consumer, broker, script ->
            val answer = async { consumer.request("hello".toByteArray()) }
            val start = broker.expect<Frame.Start>()
            broker.goAway()
            broker.refuse(start.id, Code.GOING_AWAY)
            broker.connection.shutdownOutput()
            val next = script.accept()
            next.expect<Frame.Start>().body.words shouldBe "hello"
            next.answer(1, "there")
            answer.await().decodeToString() shouldBe "there"
        }
    }

    "a lost connection is asked again after, if that may be" {
        consuming { consumer, broker, script ->
            val answer = async { consumer.request(Body.of("hello".toByteArray()), idempotent = true) }
            broker.expect<Frame.Start>()
            broker.connection.close()
            val next = script.accept()
            next.expect<Frame.Start>().flags shouldBe (Frame.WHOLE or Frame.IDEMPOTENT)
            next.answer(1, "there")
            answer.await().decodeToString() shouldBe "there"
        }
    }

    "a reply of which something has been handed out is not asked for again" {
        consuming { consumer, broker, _ ->
            val seen = mutableListOf<String>()
            val stream = async {
                runCatching { consumer.stream(Body.of(ByteArray(1)), idempotent = true).collect { seen += it.decodeToString() } }
            }
            broker.expect<Frame.Start>()
            broker.refuse(1, Code.PROVIDER_LOST)
            broker.expect<Frame.Start>()
            broker.say(Frame.Reply(3, 0, HeaderBlock.EMPTY, bytes("some")))
            broker.refuse(3, Code.PROVIDER_LOST)
            stream.await().exceptionOrNull().shouldBeInstanceOf<ProviderLost>()
            seen shouldBe listOf("some")
            broker.isQuiet shouldBe true
        }
    }

    "a collected reply is asked for again in the middle" {
        consuming { consumer, broker, _ ->
            val answer = async { consumer.request(Body.of(ByteArray(1)), idempotent = true) }
            broker.expect<Frame.Start>()
            broker.say(Frame.Reply(1, 0, HeaderBlock.EMPTY, bytes("half of")))
            broker.refuse(1, Code.PROVIDER_LOST)
            broker.expect<Frame.Start>()
            broker.answer(3, "all of it")
            answer.await().decodeToString() shouldBe "all of it"
        }
    }

    "what an exchange does is done once" {
        consuming { consumer, broker, _ ->
            var uses = 0
            val answer = async {
                runCatching {
                    consumer.exchange(Body.of(ByteArray(1)), idempotent = true) { reply ->
                        uses++
                        reply.body.toList()
                    }
                }
            }
            broker.expect<Frame.Start>()
            broker.say(Frame.Reply(1, 0, HeaderBlock.EMPTY, bytes("")))
            broker.refuse(1, Code.PROVIDER_LOST)
            answer.await().exceptionOrNull().shouldBeInstanceOf<ProviderLost>()
            uses shouldBe 1
        }
    }

    "a ping is not sent again" {
        consuming { consumer, broker, _ ->
            val ping = async { runCatching { consumer.ping(500.milliseconds) } }
            broker.expect<Frame.Start>()
            broker.refuse(1, Code.NO_PROVIDER)
            ping.await().exceptionOrNull().shouldBeInstanceOf<NoProvider>()
        }
    }

    "headers that are too large once are so again" {
        consuming { consumer, broker, _ ->
            val (count, failure) = attempts(consumer, broker, error = error(Code.HEADERS_TOO_LARGE))
            count shouldBe 1
            failure.shouldBeInstanceOf<HeadersTooLarge>()
        }
    }

    "a policy that does not come to a decision has until the timeout" {
        consuming({ retry = Backoff { _, _ -> awaitCancellation() } }) { consumer, broker, _ ->
            val began = elapsed
            val (count, failure) = withTimeout(1.minutes) { attempts(consumer, broker, error = error(Code.NO_PROVIDER)) }
            count shouldBe 1
            failure.shouldBeInstanceOf<RequestTimeout>().suppressed.single().shouldBeInstanceOf<NoProvider>()
            elapsed - began shouldBe 10.seconds
        }
    }

    "what is thrown knows the failure before, and no more" {
        consuming { consumer, broker, _ ->
            val (count, failure) = attempts(consumer, broker, error = error(Code.NO_PROVIDER))
            count shouldBe 3
            failure.shouldBeInstanceOf<NoProvider>().suppressed.single().suppressed.size shouldBe 0
        }
    }

    "what may have run in an earlier attempt is not denied by the last" {
        consuming { consumer, broker, _ ->
            val codes = listOf(Code.PROVIDER_LOST, Code.NO_PROVIDER, Code.TOO_MANY).iterator()
            val (_, failure) = attempts(consumer, broker, idempotent = true) { error(codes.next())(it) }
            failure.shouldBeInstanceOf<ProviderLost>().mayHaveRun shouldBe true
            failure.suppressed.single().shouldBeInstanceOf<Overloaded>()
        }
    }

    "who is stopped between two attempts learns what the first met" {
        consuming { consumer, broker, _ ->
            val answer = async { runCatching { consumer.request(ByteArray(1)) } }
            broker.expect<Frame.Start>()
            broker.refuse(1, Code.NO_PROVIDER)
            delay(500.milliseconds)
            consumer.close()
            answer.await().exceptionOrNull().shouldBeInstanceOf<LinkStopped>().suppressed.single().shouldBeInstanceOf<NoProvider>()
        }
    }

    "what crosses the end of a broker's shutdown is asked by the next connection" {
        consuming({}) { consumer, broker, script ->
            val answer = async { consumer.request("hello".toByteArray()) }
            broker.expect<Frame.Start>()
            broker.goAway()
            broker.goAway()
            broker.connection.shutdownOutput()
            val next = script.accept()
            next.expect<Frame.Start>().body.words shouldBe "hello"
            next.answer(1, "there")
            answer.await().decodeToString() shouldBe "there"
        }
    }

    "a broker whose last word is another may have begun" {
        val ends = listOf<suspend Scripted.() -> Unit>(
            { goAway() },
            {
                repeat(2) { goAway() }
                say(Frame.Credit(1, 1))
            },
        )
        for (end in ends) {
            consuming({}) { consumer, broker, _ ->
                val answer = async { runCatching { consumer.request(ByteArray(1)) } }
                broker.expect<Frame.Start>()
                broker.end()
                broker.connection.shutdownOutput()
                answer.await().exceptionOrNull().shouldBeInstanceOf<BrokerLost>().mayHaveRun shouldBe true
            }
        }
    }
})
