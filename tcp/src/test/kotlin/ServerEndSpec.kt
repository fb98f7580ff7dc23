package io.hawser.tcp

import io.hawser.BindFailed
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerState
import io.hawser.testkit.LeakCheck
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** Servers that are ended by many at once, at any moment, with connections in every condition. */
@OptIn(TransportApi::class)
class ServerEndSpec : StringSpec({
    extension(LeakCheck)

    "a hundred callers who start and end it at once, in any order, all return, and it is closed" {
        val chance = Random(11)
        repeat(200) { round ->
            withTimeout(HANG) {
                coroutineScope {
                    val first = Tcp.server("127.0.0.1", port = 0).start(this, echo)
                    val definition = Tcp.server("127.0.0.1", first.port)
                    val servers = ConcurrentLinkedQueue(listOf(first))
                    val clients = List(4) { async(Dispatchers.Default) { runCatching { Tcp.client("127.0.0.1", first.port).connect() } } }
                    val scope = this
                    val calls = List(100) { chance.nextInt(10) to chance.nextInt(1_000) }.map { (call, number) ->
                        launch(Dispatchers.Default) {
                            val server = servers.elementAt(number % servers.size)
                            when (call) {
                                0 -> try {
                                    servers += definition.start(scope, echo)
                                } catch (_: BindFailed) {
                                    // The address is another one's.
                                }

                                1, 2 -> server.stopAccepting()

                                3, 4 -> server.shutdown(grace = (number % 20).milliseconds)

                                5, 6 -> server.close()

                                else -> server.awaitClosed()
                            }
                        }
                    }
                    // Who only waits, waits for somebody who ends it.
                    repeat(2) { servers.forEach { it.shutdown(grace = 5.milliseconds) } }
                    while (calls.any { it.isActive }) servers.forEach { it.shutdown(grace = 5.milliseconds) }
                    servers.forEach { server ->
                        server.shutdown(grace = Duration.ZERO)
                        server.ensureClosed()
                    }
                    clients.awaitAll().forEach { it.getOrNull()?.close() }
                }
            }
        }
    }

    "a thousand servers one after the other leave nothing" {
        val chance = Random(97)
        coroutineScope {
            repeat(1_000) {
                val server = Tcp.server("127.0.0.1", port = 0).start(this, echo)
                val client = if (it % 2 == 0) Tcp.client("127.0.0.1", server.port).connect() else null
                when (chance.nextInt(3)) {
                    0 -> server.close()
                    1 -> server.shutdown(grace = Duration.ZERO)
                    else -> client?.close().also { server.stopAccepting() }
                }
                server.awaitClosed()
                server.ensureClosed()
                client?.close()
            }
        }
    }

    "a handshake that is cut with its server is told as closed on this side" {
        val waiting = CompletableDeferred<Unit>()
        val silent = Layer { inner ->
            waiting.complete(Unit)
            inner.awaitReadable()
            inner
        }
        val failures = ConcurrentLinkedQueue<Throwable>()
        val options = ServerOptions { onEvent { if (it is ConnectionEvent.Failed) failures += it.cause } }
        withTimeout(HANG) {
            coroutineScope {
                val server = Tcp.server("127.0.0.1", port = 0, options).through(silent).start(this) { error("never") }
                Tcp.client("127.0.0.1", server.port).connect {
                    waiting.await()
                    server.close()
                    server.awaitClosed()
                }
            }
        }
        // The server's scope may have been the first to know, and then there is nothing to tell.
        failures.forEach { it.shouldBeInstanceOf<ConnectionClosed>() }
    }

    "a shutdown from ten places and from inside tells all of them how many came to their end and how many were cut" {
        val handshakes = AtomicInteger()
        val suspended = Layer { inner -> if (handshakes.incrementAndGet() > 7) awaitCancellation() else inner }
        val servers = CompletableDeferred<RunningServer>()
        val fromInside = CompletableDeferred<Any?>()
        val began = AtomicInteger()
        val handler: suspend CoroutineScope.(Connection) -> Unit = { connection ->
            val task = connection.readLine()
            began.incrementAndGet()
            when (task) {
                "idle" -> connection.readLine()

                "busy" -> {
                    connection.draining.first { it }
                    connection.writeLine("done")
                }

                "stuck" -> connection.write(ByteBuffer.allocate(32 * 1024 * 1024))

                else -> {
                    // Cut with the rest, because it waits for itself.
                    fromInside.complete(runCatching { servers.await().shutdown(grace = 6.seconds) }.exceptionOrNull())
                }
            }
        }
        withTimeout(HANG) {
            coroutineScope {
                val server = Tcp.server("127.0.0.1", port = 0).through(suspended).start(this, handler)
                val client = Tcp.client("127.0.0.1", server.port)
                val tasks = listOf("idle", "idle", "busy", "busy", "stuck", "stuck", "shutdown")
                val clients = tasks.map { task -> client.connect().also { it.writeLine(task) } }
                while (began.get() < 7) server.connectionCount.first { it >= 7 }.also { kotlinx.coroutines.yield() }
                val handshaking = List(2) { client.connect() }
                server.connectionCount.first { it == 9 }
                server.connections shouldHaveSize 7
                val ending = List(10) { async(Dispatchers.Default) { server.shutdown(grace = 5.seconds) } }
                val started = TimeSource.Monotonic.markNow()
                servers.complete(server)
                clients.slice(2..3).forEach { connection ->
                    connection.use {
                        it.readLine() shouldBe "done"
                        it.readLine() shouldBe null
                    }
                }
                val report = ending.awaitAll().toSet().single()
                started.elapsedNow() shouldBeLessThan 20.seconds
                report.drained shouldBe 2
                report.cut shouldBe 7
                server.state.value shouldBe ServerState.Closed(report)
                server.connectionCount.value shouldBe 0
                fromInside.await().shouldBeInstanceOf<kotlinx.coroutines.CancellationException>()
                (clients + handshaking).forEach { it.close() }
            }
        }
    }

    "a hundred live connections do not keep a server from starting again on its port" {
        coroutineScope {
            var port = 0
            repeat(20) {
                val server = Tcp.server("127.0.0.1", port).start(this, echo)
                port = server.port
                val clients = List(100) { Tcp.client("127.0.0.1", port).connect() }
                server.connectionCount.first { it == 100 }
                server.shutdown(grace = Duration.ZERO).cut shouldBe 100
                clients.forEach { it.close() }
            }
        }
    }

    "ending the scope while clients come and go ends everything of it" {
        repeat(50) { round ->
            val handled = AtomicInteger()
            val job = kotlinx.coroutines.Job()
            val server = Tcp.server("127.0.0.1", port = 0, ServerOptions { maxConnections = 20 }).start(CoroutineScope(job)) { connection ->
                handled.incrementAndGet()
                connection.readLine()
            }
            val clients = List(30) {
                async(Dispatchers.Default) {
                    runCatching { Tcp.client("127.0.0.1", server.port).connect { it.writeLine("x") } }
                }
            }
            kotlinx.coroutines.delay((round % 10).milliseconds)
            job.cancel()
            server.awaitClosed()
            server.ensureClosed()
            clients.awaitAll()
        }
    }
})

private fun RunningServer.ensureClosed() {
    state.value.shouldBeInstanceOf<ServerState.Closed>()
    connectionCount.value shouldBe 0
    connections shouldHaveSize 0
}
