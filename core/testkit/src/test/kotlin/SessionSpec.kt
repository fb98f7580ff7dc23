package io.hawser.testkit

import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ConnectionReset
import io.hawser.FrameTooLarge
import io.hawser.ReadTimeout
import io.hawser.SocketFailure
import io.hawser.UnexpectedEnd
import io.hawser.WriteTimeout
import io.hawser.framing.Lines
import io.hawser.framing.Session
import io.hawser.framing.SessionOptions
import io.hawser.framing.session
import io.hawser.reconnect.reconnecting
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch

class SessionSpec : StringSpec({
    extension(LeakCheck)

    val lines = Lines(100_000)
    val kilobytes = "x".repeat(1023)

    "messages go both ways, and the end of the stream is the end of what comes" {
        virtualTime {
            val server = server().start(this) { connection ->
                connection.session(lines) { session -> session.incoming.collect { session.send("re: $it") } }
            }
            client(server).connect { connection ->
                connection.session(lines) { session ->
                    launch { repeat(1000) { session.send("$it") } }
                    val answers = async { List(1000) { session.receive() } }
                    answers.await() shouldBe List(1000) { "re: $it" }
                    session.flush()
                    connection.shutdownOutput()
                    session.incoming.toList() shouldBe emptyList()
                    "result"
                } shouldBe "result"
                connection.isOpen shouldBe true
            }
            server.shutdown()
        }
    }

    "what was sent has left when it returns, and the order of many senders is theirs" {
        virtualTime {
            val (near, far) = pair()
            val received = async { far.lines().toList() }
            near.session(lines) { session -> repeat(10) { sender -> launch { repeat(20) { session.send("$sender $it") } } } }
            near.close()
            val all = received.await()
            all.size shouldBe 200
            for (sender in 0 until 10) all.filter { it.startsWith("$sender ") } shouldBe List(20) { "$sender $it" }
            far.close()
        }
    }

    "the queue is bounded in messages and in bytes, and one message always has a place" {
        virtualTime {
            suspend fun room(options: SessionOptions, message: String): Int {
                val (near, far) = pair()
                // As much as the transport holds, so that nothing of what follows leaves.
                near.write(ByteBuffer.allocate(64 * 1024))
                var count = 0
                runCatching {
                    near.session(lines, options) { session ->
                        while (session.trySend(message)) count++
                        val waiting = launch(start = UNDISPATCHED) { session.send(message) }
                        session.trySend(message) shouldBe false
                        far.readExactly(64 * 1024)
                        waiting.join()
                        error("enough")
                    }
                }.exceptionOrNull()?.message shouldBe "enough"
                near.close()
                far.close()
                return count
            }
            room(SessionOptions { maxMessages = 5 }, "m") shouldBe 5
            room(SessionOptions { maxBytes = 10 * 1024 }, kilobytes) shouldBe 10
            room(SessionOptions { maxBytes = 1 }, kilobytes) shouldBe 1
        }
    }

    "a sender that is cancelled while it waits for room has sent nothing" {
        virtualTime {
            val (near, far) = pair()
            near.write(ByteBuffer.allocate(64 * 1024))
            near.session(lines, SessionOptions { maxMessages = 1 }) { session ->
                session.send("first")
                val second = launch(start = UNDISPATCHED) { session.send("second") }
                val third = launch(start = UNDISPATCHED) { session.send("third") }
                second.cancel()
                far.readExactly(64 * 1024)
                third.join()
            }
            near.close()
            far.lines().toList() shouldBe listOf("first", "third")
            far.close()
        }
    }

    "a message that does not come in time is a ReadTimeout, and not lost" {
        virtualTime {
            val (near, far) = pair()
            launch {
                far.write(ByteBuffer.wrap("ha".encodeToByteArray()))
                delay(3.seconds)
                far.writeLine("lf")
            }
            near.session(lines, SessionOptions { receiveTimeout = 2.seconds }) { session ->
                shouldThrow<ReadTimeout> { session.receive() }.timeout shouldBe java.time.Duration.ofSeconds(2)
                elapsed shouldBe 2.seconds
                session.receive() shouldBe "half"
            }
            near.close()
            far.close()
        }
    }

    "a message that does not leave in time aborts the connection and ends the session, with its reader" {
        virtualTime {
            val (near, far) = pair()
            val options = SessionOptions { sendTimeout = 2.seconds }
            val failure = shouldThrow<WriteTimeout> {
                near.session(lines, options) { session ->
                    launch { repeat(70) { session.send(kilobytes) } }
                    session.receive()
                }
            }
            failure.timeout shouldBe java.time.Duration.ofSeconds(2)
            elapsed shouldBe 2.seconds
            near.isOpen shouldBe false
            far.close()
        }
    }

    "a reader that is parked ends with the connection, with the caller, and with the link" {
        virtualTime {
            val (near, far) = pair()
            val parked = async(start = UNDISPATCHED) { runCatching { near.session(lines) { it.receive() } } }
            near.close()
            parked.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>()
            far.close()

            val (one, other) = pair()
            val cancelled = launch { one.session(lines) { it.incoming.collect { } } }
            delay(1.milliseconds)
            cancelled.cancel()
            cancelled.join()
            one.isOpen shouldBe true
            one.close()
            other.close()

            val server = server().start(this) { awaitCancellation() }
            val link = client(server).reconnecting().start(this) { connection -> connection.session(lines) { it.incoming.collect { } } }
            link.awaitConnected()
            link.shutdown(1.seconds)
            link.cause shouldBe null
            server.close()
        }
    }

    "failures of either side are the session's" {
        virtualTime {
            suspend fun failure(block: suspend (Session<String>) -> Unit, peer: suspend (Connection) -> Unit): Throwable? {
                val (near, far) = pair()
                return coroutineScope {
                    launch { peer(far) }
                    runCatching { near.session(lines) { block(it) } }.exceptionOrNull().also {
                        near.close()
                        far.close()
                    }
                }
            }
            failure({ it.receive() }) { it.abort() }.shouldBeInstanceOf<ConnectionReset>()
            failure({ it.receive() }) { far ->
                far.write(ByteBuffer.wrap("ha".encodeToByteArray()))
                far.close()
            }.shouldBeInstanceOf<UnexpectedEnd>()
            failure({ it.receive() }) { it.writeLine("x".repeat(100_001)) }.shouldBeInstanceOf<FrameTooLarge>()
            failure({ it.send("x".repeat(100_001)) }) { }.shouldBeInstanceOf<FrameTooLarge>()
            failure({ session -> while (true) session.send(kilobytes) }) { it.abort() }.shouldBeInstanceOf<SocketFailure>()
            failure({ error("mine") }) { }.shouldBeInstanceOf<IllegalStateException>().message shouldBe "mine"
            failure({ throw CancellationException("made up") }) { }.shouldBeInstanceOf<CancellationException>()
        }
    }

    "many may try at once, and only room decides" {
        val (near, far) = Memory.pair()
        val draining = launch(Dispatchers.Default) { far.incoming().collect { } }
        near.session(lines, SessionOptions { maxMessages = 10_000 }) { session ->
            val accepted = List(4) { async(Dispatchers.Default) { (1..1000).count { session.trySend("$it") } } }.awaitAll()
            accepted shouldBe List(4) { 1000 }
        }
        near.close()
        draining.join()
        far.close()
    }

    "whoever waits for what cannot leave any more is told" {
        virtualTime {
            val (near, far) = pair()
            lateinit var session: Session<String>
            val failing = async {
                runCatching {
                    near.session(lines) {
                        session = it
                        repeat(64) { _ -> it.send("x".repeat(10_000)) }
                        delay(1.seconds)
                        error("enough")
                    }
                }
            }
            delay(1.milliseconds)
            val flushing = async(start = UNDISPATCHED) { runCatching { session.flush() } }
            failing.await().exceptionOrNull()?.message shouldBe "enough"
            flushing.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>()
            far.close()
        }
    }

    "nothing is sent once it is over" {
        virtualTime {
            val (near, far) = pair()
            val session = near.session(lines) { it }
            session.flush()
            session.trySend("late") shouldBe false
            shouldThrow<IllegalStateException> { session.send("late") }.message shouldBe "$session is over"
            near.close()
            shouldThrow<ConnectionClosed> { session.send("late") }
            far.close()
        }
    }
})
