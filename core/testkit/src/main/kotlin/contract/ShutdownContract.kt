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
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.util.concurrent.CountDownLatch
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
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

/** How every server of streams is ended at once, and begins again. */
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
            server.awaitOpen(1)
            scope.cancel()
            scope.coroutineContext.job.join()
            server.awaitClosed()
            connection.read(ByteBuffer.allocate(1)) shouldBe -1
        }
        shouldThrow<IllegalStateException> { transport.server(ServerOptions()).start(scope, echo) }.message shouldContain "has ended"
    }

    contract.run("closing cuts at once, even a handler that does not listen to its cancellation") {
        val release = CompletableDeferred<Unit>()
        transport.serving({ withContext(NonCancellable) { release.await() } }) { server, client ->
            client.connect { connection ->
                server.awaitOpen(1)
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
            try {
                val clients = List(3) { client.connect() }
                server.awaitOpen(3)
                server.close()
                clients.forEach { connection -> connection.use { it.readLine() shouldBe null } }
            } finally {
                release.countDown()
            }
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

    contract.run("a cancelled scope cuts its server's connections, in the report too") {
        for (drains in listOf(false, true)) {
            val scope = CoroutineScope(Job() + Dispatchers.Default)
            val server = transport.server(ServerOptions()).start(scope) { awaitCancellation() }
            val clients = List(20) { transport.client(server, ClientOptions()).connect() }
            server.awaitOpen(20)
            val draining = if (drains) launch(start = UNDISPATCHED) { server.shutdown(grace = HANG) } else null
            if (drains) server.draining.first { it }
            scope.cancel()
            server.awaitClosed()
            draining?.join()
            clients.forEach(Connection::close)
            server.state.value shouldBe ServerState.Closed(ShutdownReport(drained = 0, cut = 20))
        }
    }
})
