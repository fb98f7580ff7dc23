package io.hawser.tcp

import ch.qos.logback.classic.Logger
import ch.qos.logback.classic.spi.ILoggingEvent
import ch.qos.logback.core.AppenderBase
import io.hawser.ClientOptions
import io.hawser.EventLoopClosed
import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.event.ServerState
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.slf4j.LoggerFactory

/** Blocked threads, dead loops, callers without a dispatcher. */
class ThreadsAndTimeSpec : StringSpec({
    extension(LeakCheck)

    "handlers that block threads of their own disturb nobody" {
        val release = CountDownLatch(1)
        Executors.newCachedThreadPool().asCoroutineDispatcher().use { blocking ->
            serving({ connection ->
                connection.readLine()
                release.await()
                connection.writeLine("done")
            }, ServerOptions { handlerContext = blocking }) { blocked ->
                val waiting = List(200) {
                    async {
                        Tcp.client("127.0.0.1", blocked.port).connect { connection ->
                            connection.writeLine("go")
                            connection.readLine()
                        }
                    }
                }
                blocked.connectionCount.first { it == 200 }
                serving { server ->
                    Tcp.client("127.0.0.1", server.port).connect { connection ->
                        repeat(1_000) {
                            connection.writeLine("$it")
                            connection.readLine() shouldBe "$it"
                        }
                    }
                }
                release.countDown()
                waiting.awaitAll().toSet() shouldBe setOf("done")
            }
        }
    }

    "the watchdog names the handler that blocks its loop, once" {
        val warnings = ConcurrentLinkedQueue<String>()
        val appender = object : AppenderBase<ILoggingEvent>() {
            override fun append(event: ILoggingEvent) {
                warnings += event.formattedMessage
            }
        }.apply { start() }
        val logger = LoggerFactory.getLogger("io.hawser.engine.Watchdog") as Logger
        logger.isAdditive = false
        logger.addAppender(appender)
        val release = CountDownLatch(1)
        try {
            EventLoopGroup(
                EventLoopOptions {
                    loops = 1
                    name = "watched"
                    blockedAfter = 300.milliseconds
                },
            ).use { group ->
                serving({ blockingHandler(release) }, ServerOptions { this.group = group }) { server ->
                    try {
                        Tcp.client("127.0.0.1", server.port).connect {
                            eventually(1.minutes) { warnings.any { "blockingHandler" in it } shouldBe true }
                            // Several more looks, none of which may warn again.
                            delay(700.milliseconds)
                        }
                    } finally {
                        release.countDown()
                    }
                }
            }
            val text = warnings.filter { "blockingHandler" in it }.shouldHaveSize(1).single()
            text shouldContain "watched-loop-1"
            text shouldContain "for over 300ms"
            text shouldContain "handlerContext"
        } finally {
            logger.detachAppender(appender)
            logger.isAdditive = true
        }
    }

    "sockets do not care when all threads of Dispatchers.IO and Default are blocked" {
        val release = CountDownLatch(1)
        // Dispatchers.Default has two threads even on one core.
        val processors = maxOf(2, Runtime.getRuntime().availableProcessors())
        val started = CountDownLatch(64 + processors)
        val hog = {
            started.countDown()
            release.await()
        }
        val blocked = Executors.newSingleThreadExecutor().asCoroutineDispatcher()
        blocked.use {
            val hogs = launch(blocked) {
                coroutineScope {
                    repeat(64) { launch(Dispatchers.IO) { hog() } }
                    repeat(processors) { launch(Dispatchers.Default) { hog() } }
                }
            }
            try {
                Executors.newSingleThreadExecutor().asCoroutineDispatcher().use { own ->
                    withContext(own) {
                        check(started.await(60, SECONDS))
                        serving { server ->
                            Tcp.client("127.0.0.1", server.port).connect { connection ->
                                repeat(100) {
                                    connection.writeLine("$it")
                                    connection.readLine() shouldBe "$it"
                                }
                            }
                            server.shutdown(grace = 5.seconds).cut shouldBe 0
                        }
                    }
                }
            } finally {
                release.countDown()
            }
            hogs.join()
        }
    }

    "a server whose loops end has failed, and everybody who waited knows" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 2
                name = "ending"
            },
        )
        serving(options = ServerOptions { this.group = group }) { server ->
            val clients = List(10) { Tcp.client("127.0.0.1", server.port).connect() }
            server.connectionCount.first { it == 10 }
            val waiting = clients.map { async { runCatching { it.readLine() } } }
            group.close()
            withTimeout(10.seconds) {
                server.awaitClosed()
                waiting.awaitAll()
            }
            server.state.value.shouldBeInstanceOf<ServerState.Failed>().cause.message shouldBe "event loop ending-loop-1 is closed"
            server.connectionCount.value shouldBe 0
            clients.forEach { it.close() }
        }
    }

    "a loop ends although its waiters run on inline and close what they have" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "inline"
            },
        )
        val options = ServerOptions {
            this.group = group
            handlerContext = Dispatchers.Unconfined
        }
        serving(options = options) { server ->
            val clients = List(8) { Tcp.client("127.0.0.1", server.port).connect() }
            server.connectionCount.first { it == 8 }
            clients.forEach { connection ->
                connection.writeLine("x")
                connection.readLine() shouldBe "x"
            }
            group.close()
            withTimeout(10.seconds) { server.awaitClosed() }
            server.connectionCount.value shouldBe 0
            server.state.value.shouldBeInstanceOf<ServerState.Failed>()
            clients.forEach { it.close() }
        }
    }

    "a caller without a dispatcher stays off the loops" {
        val where = mutableListOf<String>()
        val program: suspend () -> Unit = {
            coroutineScope {
                Tcp.server("127.0.0.1", port = 0).start(this, echo).use { server ->
                    where += Thread.currentThread().name
                    Tcp.client("127.0.0.1", server.port).connect { connection ->
                        where += Thread.currentThread().name
                        connection.writeLine("x")
                        where += Thread.currentThread().name
                        connection.readLine()
                        where += Thread.currentThread().name
                        connection.awaitReadableBriefly()
                    }
                    where += Thread.currentThread().name
                    server.shutdown()
                    where += Thread.currentThread().name
                }
            }
        }
        suspendMain(program)
        where.forEach { it shouldNotContain "hawser" }
    }

    "a caller without a dispatcher that waited for its server's scope goes on off the loops" {
        val where = mutableListOf<String>()
        suspendMain {
            repeat(200) {
                coroutineScope { Tcp.server("127.0.0.1", port = 0).start(this, echo).close() }
                where += Thread.currentThread().name
            }
        }
        where.forEach { it shouldNotContain "hawser" }
    }

    "an unconfined caller reads, writes and copies without a hitch" {
        serving { server ->
            withContext(Dispatchers.Unconfined) {
                Tcp.client("127.0.0.1", server.port).connect { connection ->
                    repeat(500) {
                        connection.writeLine("$it")
                        connection.readLine() shouldBe "$it"
                    }
                    // Never waits, once it is on the loop's thread.
                    launch { repeat(500) { connection.writeLine("many") } }
                    repeat(500) { connection.readLine() shouldBe "many" }
                }
            }
        }
    }

    "a client whose loops end in the middle of connecting is told so" {
        val group = EventLoopGroup(
            EventLoopOptions {
                loops = 1
                name = "gone"
            },
        )
        val client = Tcp.client("127.0.0.1", 1, ClientOptions { this.group = group })
        group.close()
        shouldThrow<EventLoopClosed> { client.connect() }
        shouldThrow<EventLoopClosed> {
            coroutineScope { Tcp.server(port = 0, options = ServerOptions { this.group = group }).start(this, echo) }
        }
    }

    "blocking callers on many threads finish" {
        serving { server ->
            coroutineScope {
                val pool = Executors.newFixedThreadPool(50)
                List(50) { number ->
                    pool.submit {
                        runBlocking {
                            Tcp.client("127.0.0.1", server.port).connect { connection ->
                                repeat(20) {
                                    connection.writeLine("$number $it")
                                    connection.readLine() shouldBe "$number $it"
                                }
                            }
                        }
                    }
                }.forEach { kotlinx.coroutines.runInterruptible(Dispatchers.IO) { it.get() } }
                pool.shutdown()
            }
        }
    }
})

private fun blockingHandler(release: CountDownLatch) = release.await()

private suspend fun io.hawser.Connection.awaitReadableBriefly() {
    kotlinx.coroutines.withTimeoutOrNull(1.milliseconds) { awaitReadable() }
}

/** As the Kotlin compiler starts `suspend fun main`: without a dispatcher. */
private suspend fun suspendMain(program: suspend () -> Unit) {
    val done = kotlinx.coroutines.CompletableDeferred<Unit>()
    Thread { program.startCoroutine(Continuation(EmptyCoroutineContext) { done.completeWith(it) }) }.start()
    done.await()
}

private fun <T> kotlinx.coroutines.CompletableDeferred<T>.completeWith(result: Result<T>) {
    result.fold(::complete, ::completeExceptionally)
}
