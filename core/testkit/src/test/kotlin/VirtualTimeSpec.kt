package io.hawser.testkit

import io.hawser.CloseReason
import io.hawser.IdleTimeout
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

class VirtualTimeSpec : StringSpec({
    extension(LeakCheck)

    "days pass in no time, in delays, timeouts and connections" {
        virtualTime {
            val reasons = mutableListOf<CloseReason?>()
            val options = ServerOptions { idleTimeout = 5.minutes }
            val server = server(options).start(this) { connection ->
                runCatching { connection.copyTo(connection) }
                reasons += connection.closeReason
            }
            client(server).connect { connection ->
                delay(4.minutes)
                connection.writeLine("there")
                connection.readLine() shouldBe "there"
                withTimeoutOrNull(4.minutes) { connection.readLine() } shouldBe null
                elapsed shouldBe 8.minutes
                connection.readLine() shouldBe null
                (elapsed in 9.minutes..9.minutes + 1.seconds) shouldBe true
            }
            server.shutdown()
            reasons.single().shouldBeInstanceOf<CloseReason.Timeout>().cause.shouldBeInstanceOf<IdleTimeout>()
            delay(10.days)
            elapsed > 10.days
        } shouldBe true
    }

    "datagrams and pairs are there too" {
        virtualTime {
            val server = datagramServer().start(this) {
                delay(1.hours)
                reply(it.bytes)
            }
            datagramClient(server).once("late".encodeToByteArray(), timeout = 2.hours) { it.receive().text } shouldBe "late"
            server.close()
            val (near, far) = pair()
            launch { near.use { it.writeLine("hello") } }
            far.use { it.readLine() } shouldBe "hello"
            elapsed
        } shouldBe 1.hours
    }

    "what the block throws is thrown, whoever else was running" {
        shouldThrow<IllegalStateException> {
            virtualTime {
                launch { awaitCancellation() }
                delay(1.seconds)
                error("wrong")
            }
        }.message shouldBe "wrong"
    }

    "a block that nothing will end fails, and is cancelled" {
        var cleaned = false
        val failure = shouldThrow<AssertionError> {
            virtualTime {
                try {
                    delay(3.hours)
                    launch(CoroutineName("the one who waits")) { awaitCancellation() }
                    CompletableDeferred<Unit>().await()
                } finally {
                    cleaned = true
                }
            }
        }
        failure.message shouldBe "nothing is left to run, after 3h of virtual time; the block has not ended. There are\n  the one who waits"
        cleaned shouldBe true
    }

    "a server that nobody closes is named" {
        val failure = shouldThrow<AssertionError> {
            // Nothing here runs on other threads.
            virtualTime(timeout = 60.seconds, idleLimit = 100.milliseconds) { server().start(this) { it.copyTo(it) } }
        }
        failure.message shouldStartWith
            "nothing is left to run, after 0s of virtual time; the block has ended, and what it launched has not."
        failure.message shouldContain "server on memory:server-"
    }

    "a block that is busy for ever fails" {
        val failure = shouldThrow<AssertionError> { virtualTime(timeout = 50.milliseconds) { while (isActive) yield() } }
        failure.message shouldStartWith "it takes over 50ms of real time"
    }

    "what runs elsewhere is waited for" {
        virtualTime {
            val elsewhere = async { withContext(Dispatchers.IO) { Thread.currentThread().name } }
            elsewhere.await() shouldContain "DefaultDispatcher-worker"
            elapsed
        } shouldBe 0.seconds
    }
})
