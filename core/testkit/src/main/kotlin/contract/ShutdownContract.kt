@file:OptIn(TransportApi::class)

package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.OnDrain
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.ShutdownReport
import io.hawser.copyTo
import io.hawser.event.ServerEvent
import io.hawser.event.ServerState
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
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
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield

/** How every server of streams ends, and begins again. */
public abstract class ShutdownContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

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

    contract.run("handlers and their connections know when their server drains") {
        val told = Channel<String>(Channel.UNLIMITED)
        transport.serving({ connection ->
            connection.draining.value shouldBe false
            told.send("begun")
            connection.draining.first { it }
            connection.writeLine("bye")
        }) { server, client ->
            server.draining.value shouldBe false
            client.connect { connection ->
                connection.draining.value shouldBe false
                told.receive() shouldBe "begun"
                server.shutdown(grace = HANG) shouldBe ShutdownReport(drained = 1, cut = 0)
                server.draining.value shouldBe true
                connection.readLine() shouldBe "bye"
                connection.readLine() shouldBe null
                connection.draining.value shouldBe false
            }
        }
    }

    for (context in listOf(EmptyCoroutineContext, Dispatchers.Default)) {
        contract.run("draining can end the input of handlers in $context: what has arrived is still read, and answered") {
            val read = Channel<String?>(Channel.UNLIMITED)
            val options = ServerOptions {
                onDrain = OnDrain.EndInput
                handlerContext = context
            }
            val stop = CompletableDeferred<Unit>()
            transport.serving({ connection ->
                read.send(connection.readLine())
                stop.await()
                read.send(connection.readLine())
                read.send(connection.readLine())
                connection.read(ByteBuffer.allocate(1)) shouldBe -1
                connection.writeLine("bye")
            }, options) { server, client ->
                client.connect { waits ->
                    client.connect { arrived ->
                        waits.writeLine("one")
                        read.receive() shouldBe "one"
                        arrived.writeLine("one")
                        read.receive() shouldBe "one"
                        arrived.writeLine("two")
                        val report = async(start = UNDISPATCHED) { server.shutdown(grace = HANG) }
                        server.draining.first { it }
                        stop.complete(Unit)
                        List(4) { read.receive() }.filterNotNull() shouldBe listOf("two")
                        waits.readLine() shouldBe "bye"
                        arrived.readLine() shouldBe "bye"
                        waits.close()
                        arrived.close()
                        report.await() shouldBe ShutdownReport(drained = 2, cut = 0)
                    }
                }
            }
        }
    }

    contract.run("draining ends the input of idle connections, which then end by themselves") {
        transport.serving({ it.copyTo(it) }, ServerOptions { onDrain = OnDrain.EndInput }) { server, client ->
            val clients = List(50) { client.connect() }
            clients.forEach {
                it.writeLine("x")
                it.readLine() shouldBe "x"
            }
            val report = async(start = UNDISPATCHED) { server.shutdown(grace = HANG) }
            clients.forEach { connection -> connection.use { it.readLine() shouldBe null } }
            report.await() shouldBe ShutdownReport(drained = 50, cut = 0)
        }
    }

    contract.run("a server that stops accepting keeps its connections, and ends with the last") {
        transport.serving({ it.copyTo(it) }) { server, client ->
            client.connect { connection ->
                connection.writeLine("before")
                connection.readLine() shouldBe "before"
                server.stopAccepting()
                server.stopAccepting()
                server.state.value shouldBe ServerState.NotAccepting
                server.draining.value shouldBe false
                while (runCatching { client.connect().close() }.exceptionOrNull() !is ConnectFailed) yield()
                connection.writeLine("after")
                connection.readLine() shouldBe "after"
            }
            server.awaitClosed()
            server.state.value shouldBe ServerState.Closed(ShutdownReport(drained = 0, cut = 0))
            server.shutdown() shouldBe ShutdownReport(drained = 0, cut = 0)
        }
    }

    contract.run("a server that has stopped accepting can be shut down, and closed") {
        for (cuts in listOf(false, true)) {
            transport.serving({ connection ->
                connection.writeLine("hello")
                connection.draining.first { it }
                if (cuts) awaitCancellation()
            }) { server, client ->
                client.connect { connection ->
                    connection.readLine() shouldBe "hello"
                    server.stopAccepting()
                    server.shutdown(grace = if (cuts) Duration.ZERO else HANG) shouldBe
                        if (cuts) ShutdownReport(0, 1) else ShutdownReport(1, 0)
                }
            }
        }
    }

    contract.run("cancelling the scope cuts connections whose handlers do not listen, drained or not") {
        for (stop in listOf<suspend (RunningServer) -> Unit>({}, { it.stopAccepting() })) {
            val scope = CoroutineScope(Job() + Dispatchers.Default)
            val release = CompletableDeferred<Unit>()
            val server = transport.server(ServerOptions()).start(scope) { connection ->
                withContext(NonCancellable) {
                    connection.writeLine("hello")
                    release.await()
                }
            }
            transport.client(server, ClientOptions()).connect { connection ->
                connection.readLine() shouldBe "hello"
                stop(server)
                scope.cancel()
                connection.readLine() shouldBe null
                release.complete(Unit)
                server.awaitClosed()
            }
        }
    }

    contract.run("a connection that still shakes hands when its server drains gets its handler") {
        val shaking = CompletableDeferred<Unit>()
        val shaken = CompletableDeferred<Unit>()
        val slow = Layer {
            shaking.complete(Unit)
            shaken.await()
            it
        }
        coroutineScope {
            val server = transport.server(ServerOptions()).through(slow).start(this) { it.writeLine("served") }
            transport.client(server, ClientOptions()).connect { connection ->
                shaking.await()
                val report = async(start = UNDISPATCHED) { server.shutdown(grace = HANG) }
                server.draining.first { it }
                shaken.complete(Unit)
                connection.readLine() shouldBe "served"
                connection.close()
                report.await() shouldBe ShutdownReport(drained = 1, cut = 0)
            }
        }
    }

    contract.run("a connection that still shakes hands when the grace is over is cut") {
        val shaking = CompletableDeferred<Unit>()
        coroutineScope {
            val stuck = Layer {
                shaking.complete(Unit)
                awaitCancellation()
            }
            val server = transport.server(ServerOptions()).through(stuck).start(this) { error("never") }
            transport.client(server, ClientOptions()).connect().use { connection ->
                shaking.await()
                server.connectionCount.value shouldBe 1
                server.connections shouldBe emptyList()
                server.shutdown(grace = Duration.ZERO) shouldBe ShutdownReport(drained = 0, cut = 1)
                runCatching { connection.readLine() }.getOrNull() shouldBe null
            }
        }
    }
})
