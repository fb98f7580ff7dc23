@file:OptIn(io.hawser.transport.TransportApi::class)

package io.hawser.engine

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.UnknownHostException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

class LookUpsSpec : StringSpec({
    val address = InetAddress.getByAddress(byteArrayOf(10, 0, 0, 1))

    "a name that a hundred ask for at once is looked up once" {
        val server = NameServer()
        val lookUps = LookUps("names", threads = 4, queue = 10, server::ask)
        guarded {
            val waiting = List(100) { asking(lookUps, "db") }
            server.answer("db", address)
            waiting.awaitAll().distinct() shouldBe listOf(listOf(address))
            server.asked.toList() shouldBe listOf("db")
            // Nothing is kept: that is the system's business.
            server.answer("db", address)
            lookUps.addresses("db") shouldBe listOf(address)
            server.asked.toList() shouldBe listOf("db", "db")
        }
    }

    "a name that does not exist fails all who asked for it" {
        val server = NameServer()
        val lookUps = LookUps("names", threads = 4, queue = 10, server::ask)
        guarded {
            val waiting = List(3) { async(start = UNDISPATCHED) { runCatching { lookUps.addresses("nobody") } } }
            server.answer("nobody", null)
            waiting.awaitAll().forEach { shouldThrow<UnknownHostException> { it.getOrThrow() }.message shouldBe "nobody" }
        }
    }

    "names that hang leave threads for others, and as many names wait as may" {
        val server = NameServer()
        val lookUps = LookUps("names", threads = 5, queue = 2, server::ask)
        guarded {
            val hanging = List(4) { asking(lookUps, "hangs-$it") }
            server.answer("db", address)
            lookUps.addresses("db") shouldBe listOf(address)
            resolve("127.0.0.1").single().hostAddress shouldBe "127.0.0.1"
            // The thread that gave the answer takes a moment to be free for the next.
            val next = asking(lookUps, "more-0")
            server.begun("more-0")
            val more = List(2) { asking(lookUps, "more-${it + 1}") } + next
            shouldThrow<UnknownHostException> { lookUps.addresses("one-too-many") }.message shouldBe
                "one-too-many is not looked up: 5 look-ups run and 2 wait already"
            // Who asks for what is being looked up already needs no thread.
            val shared = asking(lookUps, "hangs-0")
            repeat(4) { server.answer("hangs-$it", address) }
            repeat(3) { server.answer("more-$it", address) }
            (hanging + more + shared).awaitAll().size shouldBe 8
            server.mostAtOnce.get() shouldBeLessThanOrEqual 5
        }
    }

    "a wait that is cancelled ends at once, and takes back what has not begun and nobody else waits for" {
        val server = NameServer()
        val lookUps = LookUps("names", threads = 1, queue = 10, server::ask)
        guarded {
            val running = asking(lookUps, "running")
            server.begun("running")
            val alone = asking(lookUps, "alone")
            val one = asking(lookUps, "shared")
            val other = asking(lookUps, "shared")
            alone.cancelAndJoin()
            one.cancelAndJoin()
            running.cancelAndJoin()
            server.answer("shared", address)
            server.answer("running", address)
            other.await() shouldBe listOf(address)
            server.asked.toList() shouldBe listOf("running", "shared")
        }
    }

    "a caller without a dispatcher does not go on in a thread of look-ups" {
        val server = NameServer()
        server.answer("db", address)
        val lookUps = LookUps("names", threads = 1, queue = 10, server::ask)
        val thread = CompletableDeferred<String>()
        val goOn: suspend () -> Unit = {
            lookUps.addresses("db")
            thread.complete(Thread.currentThread().name)
        }
        goOn.startCoroutine(Continuation(EmptyCoroutineContext) { })
        guarded { thread.await().startsWith("names") shouldBe false }
    }
})

private fun <T> guarded(block: suspend CoroutineScope.() -> T): T = runBlocking { withTimeout(60.seconds) { block() } }

private fun CoroutineScope.asking(lookUps: LookUps, name: String): Deferred<List<InetAddress>> =
    async(start = UNDISPATCHED) { lookUps.addresses(name) }

/** Answers nothing before it is told what. */
private class NameServer {
    val asked = ConcurrentLinkedQueue<String>()
    val mostAtOnce = AtomicInteger()
    private val running = AtomicInteger()
    private val answers = ConcurrentHashMap<String, CompletableFuture<InetAddress?>>()
    private val begun = ConcurrentHashMap<String, CountDownLatch>()

    fun answer(name: String, address: InetAddress?) {
        answerTo(name).complete(address)
    }

    fun begun(name: String) = latch(name).await()

    fun ask(name: String): List<InetAddress> {
        mostAtOnce.accumulateAndGet(running.incrementAndGet(), ::maxOf)
        try {
            asked += name
            latch(name).countDown()
            return listOf(answerTo(name).get() ?: throw UnknownHostException(name))
        } finally {
            running.decrementAndGet()
        }
    }

    private fun answerTo(name: String) = answers.computeIfAbsent(name) { CompletableFuture() }

    private fun latch(name: String) = begun.computeIfAbsent(name) { CountDownLatch(1) }
}
