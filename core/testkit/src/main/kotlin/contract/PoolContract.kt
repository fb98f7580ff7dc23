package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.reconnect.Pool
import io.hawser.reconnect.PoolClosed
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.pooled
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicReference
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** What a pool does over every transport; when it does so is another matter, for virtual time. */
public abstract class PoolContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

    fun pooling(
        name: String,
        options: PoolOptions,
        handler: suspend CoroutineScope.(Connection) -> Unit = echo,
        block: suspend CoroutineScope.(Pool, RunningServer) -> Unit,
    ) {
        contract.run(name) {
            transport.serving(handler) { server, client ->
                val pool = client.pooled(options).start(this)
                pool.use { coroutineScope { block(it, server) } }
                pool.awaitClosed()
                pool.size shouldBe 0
                server.connectionCount.first { it == 0 }
            }
        }
    }

    val accepted = AtomicInteger()
    pooling(
        "100 borrowers have 3 connections",
        PoolOptions {
            maxConnections = 3
            borrowTimeout = HANG
        },
        { connection ->
            accepted.incrementAndGet()
            connection.copyTo(connection)
        },
    ) { pool, server ->
        accepted.set(0)
        List(100) { number ->
            launch {
                repeat(5) {
                    pool.withConnection { connection -> connection.say("$number.$it") }
                    server.connectionCount.value shouldBeLessThanOrEqualTo 3
                }
            }
        }.joinAll()
        accepted.get() shouldBe 3
        pool.idle shouldBe 3
    }

    pooling(
        "who waits longest is served first",
        PoolOptions {
            maxConnections = 1
            borrowTimeout = HANG
        },
    ) { pool, _ ->
        val order = mutableListOf<Int>()
        val ready = CompletableDeferred<Unit>()
        val first = launch(start = UNDISPATCHED) { pool.withConnection { ready.await() } }
        val waiting = List(20) { number -> launch(start = UNDISPATCHED) { pool.withConnection { order += number } } }
        while (pool.waiting < 20) yield()
        ready.complete(Unit)
        (waiting + first).joinAll()
        order shouldBe List(20) { it }
    }

    val hangUp = Channel<Unit>()
    pooling("an idle connection that its peer closes is gone at once", PoolOptions(), { connection ->
        connection.writeLine(connection.readLine() ?: "nothing")
        hangUp.receive()
    }) { pool, server ->
        repeat(10) {
            val id = pool.withConnection { connection -> connection.id.also { connection.say("hello") } }
            pool.idle shouldBe 1
            hangUp.send(Unit)
            while (pool.size > 0) delay(1.milliseconds)
            server.connectionCount.first { it == 0 }
            pool.withConnection { connection -> connection.id.also { connection.say("again") } } shouldNotBe id
            hangUp.send(Unit)
            while (pool.size > 0) delay(1.milliseconds)
        }
    }

    pooling(
        "a peer that closes after each answer is never met twice",
        PoolOptions {
            maxConnections = 2
            borrowTimeout = HANG
        },
        { connection ->
            connection.writeLine(connection.readLine() ?: "nothing")
            connection.shutdownOutput()
        },
    ) { pool, _ ->
        repeat(200) {
            pool.withConnection { connection ->
                connection.say("$it")
                // Until then nobody can know.
                connection.awaitReadable()
            }
        }
    }

    pooling("a connection on which something is unread is not lent again", PoolOptions()) { pool, _ ->
        repeat(20) { round ->
            val id = pool.withConnection { connection ->
                connection.writeLine("one\ntwo")
                if (round % 2 == 0) connection.readLine() shouldBe "one" else connection.awaitReadable()
                connection.id
            }
            pool.withConnection { connection ->
                connection.id shouldNotBe id
                connection.say("clean")
            }
        }
    }

    pooling(
        "a close cuts who reads and who waits",
        PoolOptions {
            maxConnections = 1
            borrowTimeout = HANG
        },
    ) { pool, _ ->
        val got = CompletableDeferred<Unit>()
        val reading = async {
            runCatching {
                pool.withConnection { connection ->
                    got.complete(Unit)
                    connection.readLine()
                }
            }
        }
        got.await()
        val waiting = async(start = UNDISPATCHED) { runCatching { pool.withConnection { } } }
        while (pool.waiting < 1) yield()
        pool.close()
        reading.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>()
        waiting.await().exceptionOrNull().shouldBeInstanceOf<PoolClosed>()
    }

    pooling("a shutdown lets a borrower finish", PoolOptions { minIdle = 2 }) { pool, _ ->
        val got = CompletableDeferred<Unit>()
        val borrower = async {
            pool.withConnection { connection ->
                got.complete(Unit)
                connection.draining.first { it }
                connection.say("finishing")
            }
        }
        got.await()
        pool.shutdown(HANG)
        borrower.await()
        shouldThrow<PoolClosed> { pool.withConnection { } }
    }

    val stages = ConcurrentHashMap<String, Int>()
    pooling(
        "a borrower that is cancelled anywhere leaves nothing, a thousand times",
        PoolOptions {
            maxConnections = 3
            minIdle = 1
            borrowTimeout = HANG
            healthCheck { connection -> connection.say("check").let { true } }
        },
    ) { pool, _ ->
        List(4) { worker ->
            launch(Dispatchers.Default) {
                val random = Random(worker)
                repeat(250) {
                    val stage = AtomicReference("borrowing")
                    val using = CompletableDeferred<Unit>()
                    val holds = random.nextInt(20) == 0
                    val life = launch {
                        pool.withConnection { connection ->
                            stage.set("using")
                            using.complete(Unit)
                            connection.say("x".repeat(random.nextInt(1, 5_000)))
                            if (holds) awaitCancellation()
                            stage.set("giving back")
                        }
                        stage.set("done")
                    }
                    when {
                        holds -> using.await()
                        random.nextInt(20) == 0 -> delay(random.nextInt(3).milliseconds)
                        else -> repeat(random.nextInt(60)) { yield() }
                    }
                    stages.merge(stage.get(), 1, Int::plus)
                    life.cancelAndJoin()
                }
            }
        }.joinAll()
        pool.withConnection { it.say("it goes on") }
        pool.borrowed shouldBe 0
        pool.size shouldBeLessThanOrEqualTo 3
        stages.keys.containsAll(listOf("borrowing", "using")) shouldBe true
    }

    contract.run("a server that starts again and again under load costs answers, and nothing else") {
        var server = transport.server(ServerOptions()).start(this, echo)
        transport.client(server, ClientOptions()).pooled(
            PoolOptions {
                maxConnections = 4
                borrowTimeout = HANG
            },
        ).start(this).use { pool ->
            val answers = AtomicInteger()
            coroutineScope {
                val load = List(8) {
                    launch(Dispatchers.Default) {
                        while (true) {
                            try {
                                pool.withConnection { connection -> connection.say("there") }
                                answers.incrementAndGet()
                            } catch (_: IOException) {
                                yield()
                            }
                        }
                    }
                }
                repeat(10) {
                    val before = answers.get()
                    while (answers.get() < before + 20) delay(1.milliseconds)
                    server.shutdown(0.seconds)
                    server = transport.successor(server).start(this@run, echo)
                }
                load.forEach { it.cancelAndJoin() }
            }
            pool.withConnection { it.say("still there") }
            pool.size shouldBeLessThanOrEqualTo 4
        }
        server.connectionCount.first { it == 0 }
        server.close()
    }
})

/** Sends a line and expects it back. */
private suspend fun Connection.say(line: String) {
    writeLine(line)
    readLine()?.let { it shouldBe line } ?: throw IOException("the peer has hung up")
}
