package io.hawser.broker

import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.UUID
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** What Python makes of `PROTOCOL.md`, in `peer.py`. */
class BrokerPythonSpec : StringSpec({
    extension(LeakCheck)

    val channel = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff")

    suspend fun brokered(block: suspend CoroutineScope.(Broker) -> Unit) = withTimeout(3.minutes) {
        coroutineScope {
            val broker = Broker(Tcp.server("127.0.0.1", port = 0), BrokerOptions { window = 100_000 }).start(this)
            coroutineScope { block(broker) }
            broker.stats(every = 1.milliseconds).first { it.peers == 0 }
            broker.stats.run { listOf(inFlight, waiting, bytes.toInt(), channels.size) } shouldBe List(4) { 0 }
            broker.close()
        }
    }

    fun python(vararg arguments: String): Program {
        Program.require("python3")
        return Program.start("python3", "-u", "src/test/python/peer.py", *arguments)
    }

    "Python asks, in frames and in windows, and is answered" {
        brokered { broker ->
            val provider = Provider(Tcp.client("127.0.0.1", broker.port), channel).start(this) { request ->
                val question = request.bytes()
                if (question.size == 13) fail(42, "out of paper")
                send(question.reversedArray())
            }
            provider.awaitRegistered()
            val sizes = listOf(0, 1, 13, 65_537, 100_000, 100_001, 1_000_000)
            python("ask", "${broker.port}", "$channel", *sizes.map { "$it" }.toTypedArray()).use { program ->
                program.awaitLine("registered")
                val (text, status) = program.finish()
                text.lines().filter { it.isNotBlank() }.sortedBy { it.substringBefore(' ').toInt() } shouldBe sizes.map {
                    if (it == 13) "13 failed 1 42 out of paper" else "$it answered True"
                }
                status shouldBe 0
            }
            provider.close()
        }
    }

    "Python is told that nobody answers" {
        brokered { broker ->
            python("ask", "${broker.port}", "$channel", "5").use { program ->
                program.awaitLine("registered")
                program.finish().first.trim() shouldBe "5 failed 0 1 nobody answers on $channel"
            }
        }
    }

    "Python answers, in frames and in windows, fails, and is told what is cancelled" {
        brokered { broker ->
            python("answer", "${broker.port}", "$channel").use { program ->
                program.awaitLine("registered")
                val options = ConsumerOptions { timeout = 2.minutes }
                Consumer(Tcp.client("127.0.0.1", broker.port), channel, options).start(this).use { consumer ->
                    // More of them than it has capacity for.
                    List(12) { n ->
                        async {
                            val question = ByteArray(listOf(1, 65_537, 100_001, 700_000)[n % 4]) { (it % 251 + n).toByte() }
                            consumer.request(question).contentEquals(question.reversedArray()) shouldBe true
                        }
                    }.awaitAll()
                    val failure = shouldThrow<RequestFailed> { consumer.request(ByteArray(0)) }
                    listOf(failure.code, failure.reason) shouldBe listOf(7, "nothing is asked")
                    val heard = CompletableDeferred<Unit>()
                    val asking = launch {
                        consumer.request(
                            flow {
                                // More than a window: Python has to ask for the rest.
                                emit(ByteArray(150_000))
                                heard.complete(Unit)
                                awaitCancellation()
                            },
                        )
                    }
                    heard.await()
                    asking.cancelAndJoin()
                    program.awaitLine("cancelled 0")
                }
                val stopping = launch { broker.shutdown(1.minutes) }
                program.awaitLine("end")
                stopping.join()
            }
        }
    }
})
