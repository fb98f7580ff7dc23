package io.hawser.tcp

import ch.qos.logback.classic.Level
import ch.qos.logback.classic.Logger
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.event.ServerState
import io.hawser.event.SocketEvent
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.slf4j.LoggerFactory

/** Listeners and collectors that throw, block and call back: the server does not care. */
class ListenerFaultsSpec : StringSpec({
    extension(LeakCheck)

    suspend fun RunningServer.echoes(times: Int) = Tcp.client("127.0.0.1", port).connect { connection ->
        repeat(times) {
            connection.writeLine("$it")
            connection.readLine() shouldBe "$it"
        }
    }

    suspend fun quietly(block: suspend () -> Unit) {
        val logger = LoggerFactory.getLogger("io.hawser.event.Events") as Logger
        val level = logger.level
        logger.level = Level.OFF
        try {
            block()
        } finally {
            logger.level = level
        }
    }

    listOf({ IllegalStateException("thrown") }, { StackOverflowError("deep") }, { CancellationException("made up") })
        .forEach { failure ->
            "a listener that throws ${failure()::class.simpleName} is told the next event all the same, and others too" {
                quietly {
                    val told = ConcurrentLinkedQueue<SocketEvent>()
                    val others = ConcurrentLinkedQueue<SocketEvent>()
                    val options = ServerOptions {
                        onEvent {
                            told += it
                            throw failure()
                        }
                        onEvent { others += it }
                    }
                    serving(options = options) { server ->
                        repeat(10) { server.echoes(10) }
                        server.shutdown()
                    }
                    eventually(10.seconds) { told.last().shouldBeInstanceOf<ServerEvent.Stopped>() }
                    eventually(10.seconds) { others.last().shouldBeInstanceOf<ServerEvent.Stopped>() }
                    told.toSet() shouldBe others.toSet()
                    told.filterIsInstance<ConnectionEvent.Closed>() shouldHaveSize 10
                }
            }
        }

    "listeners that block for ever hold up neither bytes nor connections nor the end" {
        val release = CountDownLatch(1)
        try {
            val options = ServerOptions { repeat(3) { onEvent { release.await() } } }
            serving(options = options) { server ->
                // More events than anybody keeps.
                repeat(100) { server.echoes(20) }
                server.totals.droppedEvents shouldBeGreaterThan 0
                server.totals.accepted shouldBe 100
                server.shutdown().cut shouldBe 0
                server.state.value.shouldBeInstanceOf<ServerState.Closed>()
            }
        } finally {
            release.countDown()
        }
    }

    "a listener that blocks does not keep the others of this process from being told" {
        val release = CountDownLatch(1)
        val told = ConcurrentLinkedQueue<SocketEvent>()
        try {
            val options = ServerOptions {
                repeat(8) { onEvent { release.await() } }
                onEvent { told += it }
            }
            serving(options = options) { server ->
                server.echoes(1)
                eventually(10.seconds) { told.map { it::class } shouldContain ConnectionEvent.Closed::class }
            }
        } finally {
            release.countDown()
        }
    }

    "a collector that blocks or throws costs nobody but itself" {
        serving { server ->
            val stuck = launch(start = UNDISPATCHED) { server.events.collect { awaitCancellation() } }
            val failed = CompletableDeferred<Throwable>()
            launch(start = UNDISPATCHED) { runCatching { server.events.collect { error("thrown") } }.onFailure(failed::complete) }
            repeat(100) { server.echoes(20) }
            failed.await().message shouldBe "thrown"
            server.totals.accepted shouldBe 100
            server.connectionCount.first { it == 0 }
            stuck.cancelAndJoin()
        }
    }

    listOf<Pair<String, (RunningServer) -> Unit>>(
        "closes its server" to RunningServer::close,
        "stops it accepting" to RunningServer::stopAccepting,
        "shuts it down and waits" to { server -> runBlocking { server.shutdown(grace = Duration.ZERO) } },
        "waits for its end after closing it" to { server ->
            server.close()
            runBlocking { server.awaitClosed() }
        },
    ).forEach { (does, end) ->
        "a listener that $does in the middle of its life ends it, and is told so" {
            val servers = CompletableDeferred<RunningServer>()
            val last = CompletableDeferred<SocketEvent>()
            val options = ServerOptions {
                onEvent {
                    if (it is ConnectionEvent.HandlerStarted) end(runBlocking { servers.await() })
                    if (it is ServerEvent.Stopped) last.complete(it)
                }
            }
            serving({ it.readLine() }, options) { server ->
                servers.complete(server)
                Tcp.client("127.0.0.1", server.port).connect { if (does != "stops it accepting") it.readLine() shouldBe null }
                server.awaitClosed()
                last.await()
                server.state.value.shouldBeInstanceOf<ServerState.Closed>()
                server.connectionCount.value shouldBe 0
            }
        }
    }

    "a listener that uses the server's own sockets is served" {
        val answer = CompletableDeferred<String?>()
        val servers = CompletableDeferred<RunningServer>()
        val options = ServerOptions {
            onEvent {
                if (it !is ConnectionEvent.Closed || answer.isCompleted) return@onEvent
                answer.complete(
                    runBlocking {
                        Tcp.client("127.0.0.1", servers.await().port).connect { connection ->
                            connection.writeLine("from a listener")
                            connection.readLine()
                        }
                    },
                )
            }
        }
        serving(options = options) { server ->
            servers.complete(server)
            server.echoes(1)
            answer.await() shouldBe "from a listener"
            server.shutdown(grace = 10.seconds).cut shouldBe 0
        }
    }

    "nothing comes after the end, however many shut down at once" {
        repeat(300) {
            val told = ConcurrentLinkedQueue<SocketEvent>()
            val options = ServerOptions { onEvent { told += it } }
            serving(options = options) { server ->
                List(4) { async(Dispatchers.Default) { if (it % 2 == 0) server.shutdown() else server.close() } }.awaitAll()
                server.awaitClosed()
            }
            eventually(10.seconds) { told.filterIsInstance<ServerEvent.Stopped>() shouldHaveSize 1 }
            told.last().shouldBeInstanceOf<ServerEvent.Stopped>()
        }
    }

    "events that nobody is told of any more keep no thread busy" {
        val told = ConcurrentLinkedQueue<SocketEvent>()
        repeat(20) {
            serving(options = ServerOptions { onEvent { told += it } }) { server -> server.echoes(1) }
        }
        eventually(10.seconds) { told.filterIsInstance<ServerEvent.Stopped>() shouldHaveSize 20 }
        LeakCheck.ensureRest()
    }

    "a handler that throws at every connection, in whatever way, leaves the server as it was" {
        val failures = listOf(Exception("e"), AssertionError("a"), CancellationException("c"), OutOfMemoryError("not really"))
        val failed = ConcurrentLinkedQueue<Throwable>()
        val options = ServerOptions { onEvent { if (it is ConnectionEvent.Failed) failed += it.cause } }
        val next = AtomicInteger()
        serving({ throw failures[next.getAndIncrement() % failures.size] }, options) { server ->
            repeat(100) { Tcp.client("127.0.0.1", server.port).connect { connection -> connection.readLine() shouldBe null } }
            server.connectionCount.first { it == 0 }
            eventually(10.seconds) { failed.groupingBy { it.message }.eachCount().values.toList() shouldBe List(4) { 25 } }
            server.state.value.shouldBeInstanceOf<ServerState.Listening>()
            server.totals.accepted shouldBe 100
            server.shutdown(grace = 100.milliseconds).cut shouldBe 0
        }
    }
})
