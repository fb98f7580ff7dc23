package io.hawser.testkit.reconnect

import io.hawser.ClientOptions
import io.hawser.WhenQueueFull
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.OutboxOptions
import io.hawser.reconnect.ReconnectingClient
import io.hawser.reconnect.SendOutcome
import io.hawser.reconnect.SendOutcome.Dropped
import io.hawser.reconnect.SendOutcome.Queued
import io.hawser.reconnect.SendOutcome.Sent
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch

/** What a link sends while it is connected, and while it is not. */
class LinkOutboxSpec : StringSpec({
    extension(LeakCheck)

    suspend fun ReconnectingClient.line(text: String): SendOutcome = send("$text\n".encodeToByteArray())

    fun VirtualTime.link(name: String, outbox: OutboxOptions? = OutboxOptions()) = clientOf(name).reconnecting(
        LinkOptions {
            backoff = Backoff.constant(1.seconds)
            this.outbox = outbox
        },
    )

    "what is sent while nobody listens leaves first and in order, and nothing twice" {
        virtualTime {
            val link = link("orders").start(this) { awaitCancellation() }
            repeat(200) { link.line("queued $it") shouldBe Queued }
            link.queuedMessages shouldBe 200
            val lines = mutableListOf<String>()
            val server = serverOn("orders").start(this) { connection -> connection.lines().collect { lines += it } }
            link.awaitConnected()
            link.line("sent") shouldBe Sent
            link.queuedMessages shouldBe 0
            link.shutdown(Duration.ZERO)
            server.connectionCount.first { it == 0 }
            lines shouldBe List(200) { "queued $it" } + "sent"
            link.droppedMessages shouldBe 0
            server.close()
        }
    }

    "what there is no room for is dropped, the newest or the oldest" {
        virtualTime {
            val newest = link("room", OutboxOptions { maxMessages = 2 }).start(this) { awaitCancellation() }
            listOf("a", "b", "c").map { newest.line(it) } shouldBe listOf(Queued, Queued, Dropped)
            newest.droppedMessages shouldBe 1
            val bytes = OutboxOptions {
                maxBytes = 6
                whenFull = WhenQueueFull.DropOldest
            }
            val oldest = link("room", bytes).start(this) { awaitCancellation() }
            listOf("a", "b", "c", "dddd", "much too long").map { oldest.line(it) } shouldBe listOf(Queued, Queued, Queued, Queued, Dropped)
            oldest.queuedMessages shouldBe 1
            oldest.droppedMessages shouldBe 4
            val none = link("room", outbox = null).start(this) { awaitCancellation() }
            none.line("a") shouldBe Dropped
            val lines = mutableListOf<String>()
            val server = serverOn("room").start(this) { connection -> lines += connection.lines().toList() }
            listOf(newest, oldest, none).forEach { it.awaitConnected() }
            none.line("connected") shouldBe Sent
            listOf(newest, oldest, none).forEach { it.shutdown(1.seconds) }
            server.connectionCount.first { it == 0 }
            lines.sorted() shouldBe listOf("a", "b", "connected", "dddd")
            server.close()
        }
    }

    "who waits to send when the connection ends is told that the message is queued, or that there is no room" {
        virtualTime {
            val server = serverOn("stuck").start(this) { delay(1.seconds) }
            val link = link("stuck", OutboxOptions { maxMessages = 1 }).start(this) { connection ->
                // Holds the writers up, until the server has gone.
                runCatching { connection.write(ByteBuffer.allocate(1 shl 20)) }
            }
            link.awaitConnected()
            val own = byteArrayOf(1)
            val senders = List(3) { async(start = UNDISPATCHED) { link.send(own) } }
            senders.map { it.await() }.groupingBy { it }.eachCount().let { counts ->
                counts[Queued] shouldBe 1
                (counts[Dropped] ?: 0) + (counts[Queued] ?: 0) shouldBe 3
            }
            link.shutdown(Duration.ZERO)
            server.close()
        }
    }

    "a sender may change its bytes once it is told that they are queued" {
        virtualTime {
            val link = link("copied").start(this) { awaitCancellation() }
            val bytes = "one\n".encodeToByteArray()
            link.send(bytes) shouldBe Queued
            bytes.fill('x'.code.toByte())
            val server = serverOn("copied").start(this) { connection -> connection.readLine() shouldBe "one" }
            link.awaitConnected()
            link.shutdown(Duration.ZERO)
            server.shutdown()
        }
    }

    "a sender that is cancelled while its message waits has sent nothing" {
        virtualTime {
            val full = Job()
            val lines = mutableListOf<String>()
            val server = serverOn("cancelled").start(this) { connection ->
                full.join()
                connection.readExactly(1 shl 20)
                lines += connection.lines().toList()
            }
            val link = clientOf("cancelled").reconnecting(
                LinkOptions {
                    writeTimeout = Duration.INFINITE
                    outbox = OutboxOptions()
                },
            )
            link.start(this) { awaitCancellation() }
            link.awaitConnected()
            val first = async(start = UNDISPATCHED) { link.send(ByteArray(1 shl 20)) }
            val second = async(start = UNDISPATCHED) { link.line("second") }
            val third = async(start = UNDISPATCHED) { link.line("third") }
            delay(1.seconds)
            second.cancel()
            full.complete()
            first.await() shouldBe Sent
            third.await() shouldBe Sent
            runCatching { second.await() }.exceptionOrNull().shouldBeInstanceOf<CancellationException>()
            link.shutdown(Duration.ZERO)
            server.shutdown(1.minutes)
            lines shouldBe listOf("third")
        }
    }

    "a shutdown sends what waits before it closes, as long as its grace lasts" {
        virtualTime {
            val lines = mutableListOf<String>()
            val server = serverOn("flushed").start(this) { connection ->
                delay(1.seconds)
                connection.readExactly(128 * 1024)
                lines += connection.lines().toList()
            }
            val link = link("flushed").start(this) { connection -> connection.draining.first { it } }
            link.awaitConnected()
            val large = async(start = UNDISPATCHED) { link.send(ByteArray(128 * 1024)) }
            delay(1.milliseconds)
            val senders = List(100) { async(start = UNDISPATCHED) { link.line("$it") } }
            link.shutdown(1.minutes)
            server.shutdown(1.minutes)
            large.await() shouldBe Sent
            senders.map { it.await() }.distinct() shouldBe listOf(Sent)
            lines shouldBe List(100) { "$it" }
        }
    }

    "a connection that dies under a session that waits for something else is replaced" {
        virtualTime {
            var first = true
            val server = serverOn("passive").start(this) { connection ->
                if (first) {
                    first = false
                    connection.readLine()
                    connection.abort()
                } else {
                    connection.lines().collect { }
                }
            }
            val ids = mutableListOf<Long>()
            val link = link("passive").start(this) { connection ->
                ids += connection.id
                awaitCancellation()
            }
            link.awaitConnected()
            link.line("one") shouldBe Sent
            delay(1.milliseconds)
            // The reset is met by this one.
            link.line("two") shouldBe Queued
            link.state.first { it is LinkState.Connected && it.connection.id != ids.first() }
            elapsed.inWholeSeconds shouldBe 3
            link.queuedMessages shouldBe 0
            // Closed under it by somebody else.
            link.awaitConnected().close()
            link.state.first { it is LinkState.Waiting }
            link.awaitConnected()
            ids.size shouldBe 3
            link.shutdown(Duration.ZERO)
            server.close()
        }
    }

    "a session that returns after a message could not be sent has not failed, and nobody waits for it" {
        virtualTime {
            val server = serverOn("broken").start(this) { connection ->
                connection.readLine()
                connection.abort()
            }
            val link = clientOf("broken").reconnecting(
                LinkOptions {
                    backoff = Backoff.never
                    outbox = OutboxOptions()
                },
            )
            link.start(this) { delay(1.seconds) }
            link.awaitConnected()
            link.line("one") shouldBe Sent
            delay(1.milliseconds)
            link.line("two") shouldBe Queued
            link.join()
            elapsed shouldBe 1.seconds
            link.cause shouldBe null
            server.close()
        }
    }

    "a session that ended its output goes on reading, and messages wait for the next connection" {
        virtualTime {
            val lines = mutableListOf<String>()
            var round = 0
            val server = serverOn("half").start(this) { connection ->
                lines += connection.lines().toList()
                if (++round == 1) delay(5.seconds)
                connection.writeLine("answer")
            }
            val answers = mutableListOf<String?>()
            val link = link("half").start(this) { connection ->
                if (answers.isEmpty()) connection.shutdownOutput()
                answers += connection.readLine()
            }
            link.awaitConnected()
            delay(1.seconds)
            link.line("waits") shouldBe Queued
            while (answers.isEmpty()) delay(1.seconds)
            answers shouldBe listOf("answer")
            link.awaitConnected()
            link.line("leaves") shouldBe Sent
            link.shutdown(1.seconds)
            server.shutdown()
            lines shouldBe listOf("waits", "leaves")
        }
    }

    "a peer that takes nothing does not hold up a session that has returned" {
        virtualTime {
            val server = serverOn("stalled").start(this) { awaitCancellation() }
            val link = clientOf("stalled", ClientOptions { writeTimeout = Duration.INFINITE }).reconnecting(
                LinkOptions { backoff = Backoff.constant(1.seconds) },
            )
            val leave = Job()
            link.start(this) { leave.join() }
            link.awaitConnected()
            val sending = async(start = UNDISPATCHED) { link.send(ByteArray(1 shl 20)) }
            delay(1.seconds)
            leave.complete()
            sending.await() shouldBe Dropped
            elapsed shouldBe 3.seconds
            link.shutdown(Duration.ZERO)
            server.close()
        }
    }

    "whoever makes room is the one that waited longest, also when many were just being sent" {
        virtualTime {
            val server = serverOn("evicted").start(this) { delay(1.seconds) }
            val options = OutboxOptions {
                maxMessages = 2
                whenFull = WhenQueueFull.DropOldest
            }
            val link = link("evicted", options).start(this) { connection -> connection.readLine() }
            link.awaitConnected()
            val large = async(start = UNDISPATCHED) { link.send(ByteArray(1 shl 20)) }
            delay(1.milliseconds)
            val senders = List(5) { async(start = UNDISPATCHED) { link.line("$it") } }
            large.await() shouldBe Dropped
            // None of them hangs; those that had to make room were told that they waited.
            senders.map { it.await() }.distinct() shouldBe listOf(Queued)
            link.queuedMessages shouldBe 2
            link.droppedMessages shouldBe 4
            link.shutdown(Duration.ZERO)
            server.close()
        }
    }

    "whoever sends in a loop while nobody is there lets others have their turn" {
        virtualTime {
            val link = link("loop").start(this) { }
            var isEnough = false
            val sender = launch { while (!isEnough) link.line("again") }
            launch { isEnough = true }
            sender.join()
            link.close()
        }
    }

    "what waits when a link stops is dropped and counted" {
        virtualTime {
            val link = link("nobody").start(this) { }
            repeat(5) { link.line("$it") shouldBe Queued }
            link.shutdown(1.minutes)
            link.droppedMessages shouldBe 5
            link.queuedMessages shouldBe 0
        }
    }
})
