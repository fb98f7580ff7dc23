@file:OptIn(TransportApi::class)

package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.OnDrain
import io.hawser.ServerOptions
import io.hawser.ShutdownReport
import io.hawser.copyTo
import io.hawser.event.ServerState
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** How every server of streams ends with those who are in. */
public abstract class DrainContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

    contract.run("shutting down lets handlers finish, and tells every caller the same") {
        val proceed = CompletableDeferred<Unit>()
        transport.serving({ connection ->
            proceed.await()
            connection.writeLine("done")
        }) { server, client ->
            val clients = List(3) { client.connect() }
            server.awaitOpen(3)
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
                    server.awaitOpen(2)
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
                server.connectionCount.first { it == 1 }
                server.connections shouldBe emptyList()
                server.shutdown(grace = Duration.ZERO) shouldBe ShutdownReport(drained = 0, cut = 1)
                runCatching { connection.readLine() }.getOrNull() shouldBe null
            }
        }
    }

    contract.run("who is told the end because the server drains can see that it drains") {
        val began = CompletableDeferred<Unit>()
        val seen = CompletableDeferred<Boolean>()
        val options = ServerOptions {
            onDrain = OnDrain.EndInput
            handlerContext = Dispatchers.Unconfined
        }
        transport.serving({ connection ->
            began.complete(Unit)
            connection.readLine() shouldBe null
            seen.complete(connection.draining.value)
        }, options) { server, client ->
            client.connect {
                began.await()
                val report = async(Dispatchers.Default) { server.shutdown(grace = HANG) }
                seen.await() shouldBe true
                it.close()
                report.await()
            }
        }
    }

    contract.run("a drain that ends the input of handlers leaves the peers of those that have answered their time") {
        withinLinger {
            transport.serving({ it.writeLine("done") }, ServerOptions { onDrain = OnDrain.EndInput }) { server, client ->
                client.connect { connection ->
                    connection.readLine() shouldBe "done"
                    // Its handler has returned, and the server waits for our end: what we still send is taken, not answered with a reset.
                    val report = async(start = UNDISPATCHED) { server.shutdown(grace = HANG) }
                    server.draining.first { it }
                    connection.writeLine("thanks")
                    connection.shutdownOutput()
                    connection.readLine() shouldBe null
                    report.await() shouldBe ShutdownReport(drained = 1, cut = 0)
                }
            }
        }
    }
})
