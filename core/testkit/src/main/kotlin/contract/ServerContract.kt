package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.CloseReason
import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.event.ServerState
import io.hawser.event.SocketEvent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.flow.transformWhile
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

/** What every server of streams keeps: its life, its handlers' lives, its counts and its end. */
public abstract class ServerContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

    contract.run("a started server can be connected to at once, and knows where it listens") {
        transport.serving(echo) { server, client ->
            server.state.value shouldBe ServerState.Listening(server.address)
            server.toString() shouldContain server.endpoint.toString()
            client.connect { connection ->
                connection.remote shouldBe server.address
                connection.writeLine("hello")
                connection.readLine() shouldBe "hello"
            }
        }
    }

    contract.run("serve holds its caller until it is cancelled, and leaves nothing") {
        val started = CompletableDeferred<RunningServer>()
        val handlerBegan = CompletableDeferred<Unit>()
        val handlerEnded = CompletableDeferred<Throwable?>()
        val serving = launch {
            transport.server(ServerOptions()).serve(onStart = { started.complete(it) }) {
                try {
                    handlerBegan.complete(Unit)
                    awaitCancellation()
                } catch (e: CancellationException) {
                    handlerEnded.complete(e)
                    throw e
                }
            }
        }
        val server = started.await()
        val connection = transport.client(server, ClientOptions()).connect()
        handlerBegan.await()
        serving.cancelAndJoin()
        handlerEnded.isCompleted shouldBe true
        server.connectionCount.value shouldBe 0
        server.state.value shouldBe ServerState.Closed(server.shutdown())
        connection.read(ByteBuffer.allocate(1)) shouldBe -1
        connection.close()
        shouldThrow<ConnectFailed> { transport.client(server, ClientOptions()).connect() }
    }

    contract.run("the scope of a server waits for it, and its cancellation ends it") {
        val scope = CoroutineScope(Job() + Dispatchers.Default)
        val server = transport.server(ServerOptions()).start(scope, echo)
        transport.client(server, ClientOptions()).connect().use { connection ->
            server.connectionCount.first { it == 1 }
            scope.cancel()
            scope.coroutineContext.job.join()
            server.awaitClosed()
            connection.read(ByteBuffer.allocate(1)) shouldBe -1
        }
        shouldThrow<IllegalStateException> { transport.server(ServerOptions()).start(scope, echo) }.message shouldContain "has ended"
    }

    for (failure in listOf(IllegalStateException("handler"), AssertionError("handler"), CancellationException("made up"))) {
        contract.run("a handler that throws ${failure::class.simpleName} ends its own connection, and nobody else notices") {
            transport.serving({ connection ->
                if (connection.readLine() ==
                    "fail"
                ) {
                    throw failure
                } else {
                    connection.copyTo(connection)
                }
            }) { server, client ->
                val failed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Failed } as ConnectionEvent.Failed }
                val closed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Closed } as ConnectionEvent.Closed }
                client.connect { bystander ->
                    bystander.writeLine("echo")
                    client.connect { connection ->
                        connection.writeLine("fail")
                        connection.readLine() shouldBe null
                    }
                    failed.await().cause.message shouldBe failure.message
                    closed.await().reason.shouldBeInstanceOf<CloseReason.Failure>().cause.message shouldBe failure.message
                    server.connectionCount.first { it == 1 }
                    bystander.writeLine("still here")
                    bystander.readLine() shouldBe "still here"
                }
                client.connect { it.writeLine("echo") }
                server.state.value.shouldBeInstanceOf<ServerState.Listening>()
            }
        }
    }

    contract.run("a child that fails ends its connection too") {
        transport.serving({
            launch { error("child") }
            awaitCancellation()
        }) { server, client ->
            val failed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Failed } as ConnectionEvent.Failed }
            client.connect { it.readLine() shouldBe null }
            failed.await().cause.message shouldBe "child"
        }
    }

    contract.run("what a handler launched is awaited before its connection closes") {
        val handlerReturned = CompletableDeferred<Unit>()
        val proceed = CompletableDeferred<Unit>()
        transport.serving({ connection ->
            launch {
                proceed.await()
                connection.writeLine("from the child")
            }
            handlerReturned.complete(Unit)
        }) { server, client ->
            client.connect { connection ->
                handlerReturned.await()
                server.connectionCount.value shouldBe 1
                proceed.complete(Unit)
                connection.readLine() shouldBe "from the child"
                connection.readLine() shouldBe null
            }
            server.connectionCount.first { it == 0 }
        }
    }

    contract.run("events of a connection come in order") {
        transport.serving(echo) { server, client ->
            val seen = async(start = UNDISPATCHED) {
                server.events.transformWhile<SocketEvent, SocketEvent> {
                    emit(it)
                    it !is ConnectionEvent.Closed
                }.toList()
            }
            client.connect { connection ->
                connection.writeLine("x")
                connection.readLine()
                connection.shutdownOutput()
                connection.readLine()
            }
            val names = seen.await().map { it::class.simpleName }
            names.shouldContainExactly("Opened", "HandlerStarted", "Closed")
            (seen.await().last() as ConnectionEvent.Closed).reason shouldBe CloseReason.Peer
        }
    }

    contract.run("an answer arrives whole although its handler never read the request") {
        val answer = Random(1).nextBytes(SMALL)
        transport.serving({ it.write(ByteBuffer.wrap(answer)) }) { _, client ->
            repeat(20) {
                client.connect { connection ->
                    connection.write(ByteBuffer.allocate(SMALL))
                    connection.readExactly(SMALL).contentEquals(answer) shouldBe true
                    connection.read(ByteBuffer.allocate(1)) shouldBe -1
                }
            }
        }
    }

    contract.run("the count of connections is exact, and their list tells them") {
        transport.serving(echo) { server, client ->
            val clients = List(20) { client.connect() }
            server.connectionCount.first { it == 20 }
            clients.forEach {
                it.writeLine("12345")
                it.readLine() shouldBe "12345"
            }
            // The last byte may be there before it is counted.
            while (server.connections.any { it.bytesWritten < 6 }) yield()
            val infos = server.connections
            infos shouldHaveSize 20
            infos.map { it.remote }.toSet() shouldBe clients.map { it.local }.toSet()
            infos.forEach {
                it.bytesRead shouldBe 6
                it.bytesWritten shouldBe 6
                (it.idle <= it.age) shouldBe true
                (it.age >= Duration.ZERO) shouldBe true
            }
            clients.forEachIndexed { i, connection ->
                connection.close()
                server.connectionCount.first { it == 19 - i }
            }
            server.connections shouldHaveSize 0
        }
    }

    contract.run("two hundred connections are served at once, each on its own") {
        val rounds = 20
        transport.serving(echo) { server, client ->
            coroutineScope {
                repeat(200) { number ->
                    launch {
                        client.connect { connection ->
                            repeat(rounds) {
                                connection.writeLine("$number/$it")
                                connection.readLine() shouldBe "$number/$it"
                            }
                        }
                    }
                }
            }
            server.connectionCount.first { it == 0 }
        }
    }

    contract.run("handlers run where their context says") {
        val context = Dispatchers.Default + CoroutineName("mine")
        transport.serving(
            { connection -> connection.writeLine("${currentCoroutineContext()[CoroutineName]?.name} ${Thread.currentThread().name}") },
            ServerOptions { handlerContext = context },
        ) { _, client ->
            client.connect { it.readLine().shouldNotBeNull() shouldContain "mine DefaultDispatcher" }
        }
        shouldThrow<IllegalArgumentException> { ServerOptions { handlerContext = Job() } }
    }

    contract.run("shutting down lets handlers finish, and tells every caller the same") {
        val proceed = CompletableDeferred<Unit>()
        transport.serving({ connection ->
            proceed.await()
            connection.writeLine("done")
        }) { server, client ->
            val clients = List(3) { client.connect() }
            server.connectionCount.first { it == 3 }
            val reports = List(10) { async(start = UNDISPATCHED) { server.shutdown(grace = 30.seconds) } }
            server.state.first { it !is ServerState.Listening } shouldBe ServerState.Draining
            // The kernel may still take who comes before the loop's next turn, to reset him then.
            while (runCatching { client.connect().close() }.exceptionOrNull() !is ConnectFailed) yield()
            proceed.complete(Unit)
            clients.forEach { connection -> connection.use { it.readLine() shouldBe "done" } }
            val report = reports.awaitAll().toSet().single()
            report.drained shouldBe 3
            report.cut shouldBe 0
            server.state.value shouldBe ServerState.Closed(report)
            server.shutdown(grace = Duration.ZERO) shouldBe report
        }
    }

    contract.run("what has not finished when the grace is over is cut") {
        transport.serving({ connection -> if (connection.readLine() == "stay") awaitCancellation() }) { server, client ->
            client.connect().use { stays ->
                client.connect().use { leaves ->
                    stays.writeLine("stay")
                    server.connectionCount.first { it == 2 }
                    val stopping = async(start = UNDISPATCHED) { server.shutdown(grace = 60.seconds) }
                    leaves.writeLine("leave")
                    leaves.readLine() shouldBe null
                    leaves.close()
                    server.connectionCount.first { it == 1 }
                    // The shortest grace counts.
                    val report = server.shutdown(grace = Duration.ZERO)
                    stopping.await() shouldBe report
                    report.drained shouldBe 1
                    report.cut shouldBe 1
                    stays.readLine() shouldBe null
                }
            }
            shouldThrow<IllegalArgumentException> { server.shutdown(grace = (-1).seconds) }
        }
    }

    contract.run("closing cuts at once, even a handler that does not listen to its cancellation") {
        val release = CompletableDeferred<Unit>()
        transport.serving({ withContext(NonCancellable) { release.await() } }) { server, client ->
            client.connect { connection ->
                server.connectionCount.first { it == 1 }
                server.close()
                server.close()
                connection.readLine() shouldBe null
                release.complete(Unit)
                server.awaitClosed()
                server.shutdown().cut shouldBe 1
            }
        }
    }

    contract.run("closing cuts connections too whose handler has not begun") {
        val release = CountDownLatch(1)
        val one = Executors.newSingleThreadExecutor()
        val context = one.asCoroutineDispatcher()
        transport.serving({ release.await() }, ServerOptions { handlerContext = context }) { server, client ->
            val clients = List(3) { client.connect() }
            server.connectionCount.first { it == 3 }
            server.close()
            clients.forEach { connection -> connection.use { it.readLine() shouldBe null } }
            release.countDown()
            server.awaitClosed()
            server.connectionCount.value shouldBe 0
        }
        context.close()
    }

    contract.run("a handler may close its server, or shut it down") {
        val servers = Channel<RunningServer>(1)
        for (end in listOf<suspend (RunningServer) -> Unit>({ it.close() }, { it.shutdown(grace = 50.milliseconds) })) {
            transport.serving({ end(servers.receive()) }) { server, client ->
                servers.send(server)
                client.connect().use { server.awaitClosed() }
                server.shutdown().cut shouldBe 1
            }
        }
    }

    contract.run("a stopped server leaves its address to the next") {
        coroutineScope {
            val definition = transport.server(ServerOptions())
            repeat(5) {
                val server = definition.start(this, echo)
                transport.client(server, ClientOptions()).connect { it.writeLine("x") }
                server.shutdown()
            }
        }
    }

    contract.run("an accepted connection is closed even if the server is cancelled that instant") {
        repeat(50) { round ->
            val handled = AtomicInteger()
            val server = transport.server(ServerOptions()).start(this) { handled.incrementAndGet() }
            val clients = List(10) { async(Dispatchers.Default) { runCatching { transport.client(server, ClientOptions()).connect() } } }
            repeat(round) { yield() }
            server.close()
            server.awaitClosed()
            server.connectionCount.value shouldBe 0
            // Linux forgets a connection that completes while its listener closes: its client hears of that by a write only.
            clients.awaitAll().forEach { it.getOrNull()?.use { end -> runCatching { end.writeLine("x").also { end.readLine() } } } }
        }
    }

    contract.run("a client's block closes its connection however it ends") {
        transport.serving(echo) { server, client ->
            val seen = mutableListOf<Connection>()
            client.connect { connection ->
                seen += connection
                launch { connection.writeLine("awaited") }
                Unit
            }
            shouldThrow<IllegalStateException> {
                client.connect {
                    seen += it
                    error("block")
                }
            }.message shouldBe "block"
            val cancelled = launch {
                client.connect {
                    seen += it
                    awaitCancellation()
                }
            }
            server.connectionCount.first { it == 1 }
            while (seen.size < 3) yield()
            cancelled.cancelAndJoin()
            seen.map { it.isOpen } shouldBe listOf(false, false, false)
            server.connectionCount.first { it == 0 }
        }
    }

    contract.run("closing the server is an end for its clients, not a reset") {
        transport.serving({ connection ->
            connection.writeLine("hello")
            awaitCancellation()
        }) { server, client ->
            client.connect().use { connection ->
                connection.readLine() shouldBe "hello"
                val stopped = async(start = UNDISPATCHED) { server.events.first { it is ServerEvent.Stopped } }
                server.close()
                connection.read(ByteBuffer.allocate(1)) shouldBe -1
                stopped.await()
            }
        }
    }

    contract.run("a client that resets costs its own connection only") {
        transport.serving(echo) { server, client ->
            val reasons = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Closed } as ConnectionEvent.Closed }
            client.connect().use { good ->
                client.connect().use { bad ->
                    bad.writeLine("x")
                    bad.readLine()
                    bad.abort()
                }
                reasons.await().reason shouldBe CloseReason.Reset
                server.connectionCount.first { it == 1 }
                good.writeLine("fine")
                good.readLine() shouldBe "fine"
            }
        }
    }

    contract.run("calls on a cut connection say that it is closed") {
        val began = CompletableDeferred<Unit>()
        val failure = CompletableDeferred<Throwable?>()
        transport.serving({ connection ->
            withContext(NonCancellable) {
                began.complete(Unit)
                failure.complete(runCatching { connection.readLine() }.exceptionOrNull())
            }
        }) { server, client ->
            client.connect {
                began.await()
                server.close()
                failure.await().shouldBeInstanceOf<ConnectionClosed>()
            }
        }
    }
})
