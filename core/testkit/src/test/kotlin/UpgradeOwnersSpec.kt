@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.MalformedFrame
import io.hawser.OnDrain
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.ShutdownReport
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.event.SocketEvent
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

/** Upgrades of connections that belong to a server or a client. */
class UpgradeOwnersSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    /** What happens to connections, and the end of the server. */
    class Told {
        private val events = Channel<SocketEvent>(Channel.UNLIMITED)
        val server = ServerOptions { onEvent { event -> events.trySend(event) } }

        suspend fun names(): List<String?> = buildList {
            while (true) {
                val event = events.receive()
                if (event is ServerEvent.Stopped) break
                if (event is ConnectionEvent) add(event::class.simpleName)
            }
        }.filter { it != "Read" && it != "Written" }
    }

    suspend fun withServer(
        options: ServerOptions = ServerOptions(),
        handler: suspend CoroutineScope.(Connection) -> Unit,
        block: suspend CoroutineScope.(RunningServer) -> Unit,
    ) = coroutineScope {
        val server = Memory.server(options).start(this, handler)
        try {
            coroutineScope { block(server) }
        } finally {
            server.close()
        }
    }

    "a server closes the successor that its handler leaves, politely, and tells of one connection" {
        val told = Told()
        val outermost = CompletableDeferred<InvertingStream>()
        virtualTime {
            val server = server(told.server).start(this) { connection ->
                connection.upgrade { inner -> InvertingStream(inner).also(outermost::complete) }.writeLine("bye")
            }
            client(server).connect { connection ->
                val secret = connection.upgrade(inverted)
                // Still being sent when the handler has returned: a close at once would lose the answer.
                secret.writeLine("unread")
                secret.readLine() shouldBe "bye"
                secret.readLine() shouldBe null
                server.connectionCount.value shouldBe 1
            }
            server.connectionCount.first { it == 0 }
            outermost.await().ends.first() shouldBe "close"
            server.totals.bytesWritten shouldBe 4
            server.close()
        }
        told.names() shouldBe listOf("Opened", "HandlerStarted", "OutputClosed", "InputClosed", "Closed")
    }

    "a server's list of connections has what went over both" {
        withServer(handler = { connection ->
            connection.readLine()
            connection.writeLine("go on")
            connection.upgrade(shakingHands(asClient = false)).let { it.copyTo(it) }
        }) { server ->
            Memory.client(server).connect { connection ->
                connection.writeLine("upgrade?")
                connection.readLine()
                val secret = connection.upgrade(shakingHands(asClient = true))
                secret.writeLine("echo")
                secret.readLine() shouldBe "echo"
                server.connections.single().bytesRead shouldBe 9L + 5
            }
        }
    }

    "a handler may close the successor itself" {
        val told = Told()
        withServer(told.server, { it.upgrade(inverted).use { secret -> secret.writeLine("bye") } }) { server ->
            Memory.client(server).connect { it.upgrade(inverted).readLine() shouldBe "bye" }
            server.connectionCount.first { it == 0 }
            server.totals.accepted shouldBe 1
        }
        told.names() shouldBe listOf("Opened", "HandlerStarted", "Closed")
    }

    "a handler whose upgrade fails has failed, once" {
        val told = Told()
        val closed = CompletableDeferred<CloseReason?>()
        withServer(told.server, { connection ->
            try {
                connection.upgrade { throw MalformedFrame(it.endpoint, "no handshake") }
            } finally {
                closed.complete(connection.closeReason)
            }
        }) { server ->
            Memory.client(server).connect { it.readLine() shouldBe null }
            server.connectionCount.first { it == 0 }
            closed.await().shouldBeInstanceOf<CloseReason.Failure>().cause.shouldBeInstanceOf<MalformedFrame>()
        }
        told.names() shouldBe listOf("Opened", "HandlerStarted", "Failed", "Closed")
    }

    "draining ends the input of a successor, whether it began before the upgrade, during it or after it" {
        for (moment in listOf("before", "during", "after")) {
            val options = ServerOptions { onDrain = OnDrain.EndInput }
            val reached = CompletableDeferred<Unit>()
            val handler: suspend CoroutineScope.(Connection) -> Unit = { connection ->
                suspend fun drained(at: String) {
                    if (at != moment) return
                    reached.complete(Unit)
                    connection.draining.first { it }
                }
                drained("before")
                val secret = connection.upgrade { inner ->
                    drained("during")
                    InvertingStream(inner)
                }
                if (moment == "after") reached.complete(Unit)
                secret.copyTo(secret)
                secret.writeLine("drained")
            }
            withServer(options, handler) { server ->
                Memory.client(server).connect { connection ->
                    val secret = connection.upgrade(inverted)
                    reached.await()
                    val report = async { server.shutdown() }
                    secret.readLine() shouldBe "drained"
                    secret.close()
                    report.await() shouldBe ShutdownReport(drained = 1, cut = 0)
                }
            }
        }
    }

    "a drain at the moment of the upgrade is not missed" {
        val options = ServerOptions {
            onDrain = OnDrain.EndInput
            handlerContext = Dispatchers.Default
        }
        repeat(500) {
            val began = CompletableDeferred<Unit>()
            withServer(options, { connection ->
                began.complete(Unit)
                connection.upgrade(inverted).readLine() shouldBe null
            }) { server ->
                Memory.client(server).connect { connection ->
                    val report = async(Dispatchers.Default) {
                        began.await()
                        server.shutdown()
                    }
                    connection.readLine() shouldBe null
                    connection.close()
                    report.await() shouldBe ShutdownReport(drained = 1, cut = 0)
                }
            }
        }
    }

    "a server that is cut closes successors, and ends handshakes" {
        for (layer in listOf(inverted, Layer { awaitCancellation() })) {
            val began = CompletableDeferred<Unit>()
            val failure = CompletableDeferred<Throwable?>()
            val handler: suspend CoroutineScope.(Connection) -> Unit = { connection ->
                failure.complete(
                    runCatching {
                        began.complete(Unit)
                        connection.upgrade(layer).readLine()
                    }.exceptionOrNull(),
                )
            }
            withServer(handler = handler) { server ->
                Memory.client(server).connect { connection ->
                    began.await()
                    server.close()
                    runCatching { connection.readLine() }.getOrNull() shouldBe null
                    server.awaitClosed()
                    server.connectionCount.value shouldBe 0
                    failure.await()
                }
            }
        }
    }

    "a client tells of the end of an upgraded connection once" {
        withServer(handler = { it.copyTo(it) }) { server ->
            for (last in listOf<(Connection, Connection) -> Unit>({ old, _ -> old.close() }, { _, secret -> secret.abort() })) {
                val events = Channel<SocketEvent>(Channel.UNLIMITED)
                val client = Memory.client(server, ClientOptions { onEvent { event -> events.trySend(event) } })
                val connection = client.connect()
                val secret = connection.upgrade(inverted)
                secret.writeLine("echo")
                secret.readLine() shouldBe "echo"
                last(connection, secret)
                secret.close()
                connection.close()
                server.connectionCount.first { it == 0 }
                client.connect().close()
                val told = List(6) { events.receive() as ConnectionEvent }
                told.map { it::class.simpleName } shouldBe listOf("Dialing", "Opened", "Written", "Read", "Closed", "Dialing")
                told.dropLast(1).map { it.id }.distinct() shouldBe listOf(connection.id)
            }
            val events = Channel<SocketEvent>(Channel.UNLIMITED)
            val client = Memory.client(server, ClientOptions { onEvent { event -> events.trySend(event) } })
            client.connect { connection ->
                shouldThrow<MalformedFrame> { connection.upgrade { throw MalformedFrame(it.endpoint, "no handshake") } }
                shouldThrow<ConnectionClosed> { connection.readLine() }
            }
            client.connect().close()
            List(5) { events.receive()::class.simpleName } shouldBe listOf("Dialing", "Opened", "Failed", "Closed", "Dialing")
        }
    }
})
