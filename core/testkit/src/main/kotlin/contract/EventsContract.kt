@file:OptIn(TransportApi::class)

package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.CloseReason
import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.OnDrain
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.event.ServerState
import io.hawser.event.SocketEvent
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.util.concurrent.CountDownLatch
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.flow.transformWhile
import kotlinx.coroutines.launch

/** What every server and client of streams tells of itself. */
public abstract class EventsContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

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
            names.shouldContainExactly("Opened", "HandlerStarted", "Read", "Written", "InputClosed", "Closed")
            (seen.await().last() as ConnectionEvent.Closed).reason shouldBe CloseReason.Peer
        }
    }

    contract.run("a listener is told of a server's whole life, in order") {
        val told = Channel<SocketEvent>(Channel.UNLIMITED)
        val options = ServerOptions { onEvent { event -> told.trySend(event) } }
        val address = transport.serving({ connection ->
            connection.readLine()
            connection.writeLine("answer")
            connection.shutdownOutput()
            connection.readLine()
        }, options) { server, client ->
            client.connect { connection ->
                connection.writeLine("question")
                connection.readLine() shouldBe "answer"
                // Whoever closes before has the server's end meet nobody.
                connection.readLine() shouldBe null
            }
            server.connectionCount.first { it == 0 && server.totals.bytesRead > 0 }
            server.shutdown()
            server.address
        }
        val events = buildList {
            do {
                val event = told.receive()
                add(event)
            } while (event !is ServerEvent.Stopped)
        }
        events.first() shouldBe ServerEvent.Listening(address)
        events.last() shouldBe ServerEvent.Stopped(address)
        events shouldContain ServerEvent.Draining(address)
        val ofConnection = events.filterIsInstance<ConnectionEvent>()
        ofConnection.map { it.id }.toSet() shouldHaveSize 1
        ofConnection.map { it.local to it.remote }.toSet() shouldHaveSize 1
        ofConnection.map { it::class.simpleName }.distinct()
            .shouldContainExactly("Opened", "HandlerStarted", "Read", "Written", "OutputClosed", "InputClosed", "Closed")
        ofConnection.filterIsInstance<ConnectionEvent.Read>().sumOf { it.bytes } shouldBe "question\n".length
        ofConnection.filterIsInstance<ConnectionEvent.Written>().sumOf { it.bytes } shouldBe "answer\n".length
    }

    contract.run("the events of a server end with it, also for those who come late") {
        transport.serving(echo) { server, client ->
            val collected = async(start = UNDISPATCHED) { server.events.toList() }
            client.connect { it.writeLine("x") }
            server.shutdown()
            collected.await().last() shouldBe ServerEvent.Stopped(server.address)
            server.events.toList() shouldBe emptyList()
        }
    }

    contract.run("a collector or a listener that fails, or never comes back, hurts nobody") {
        val blocked = CountDownLatch(1)
        val options = ServerOptions {
            onEvent { error("listener") }
            onEvent { blocked.await() }
        }
        try {
            transport.serving(echo, options) { server, client ->
                val fails = CoroutineScope(Job() + Dispatchers.Default + CoroutineExceptionHandler { _, _ -> })
                val failing = fails.launch(start = UNDISPATCHED) { server.events.collect { error("collector") } }
                val stuck = launch(start = UNDISPATCHED) { server.events.collect { awaitCancellation() } }
                repeat(20) {
                    client.connect { connection ->
                        connection.writeLine("x")
                        connection.readLine() shouldBe "x"
                    }
                }
                server.connectionCount.first { it == 0 }
                failing.join()
                stuck.cancelAndJoin()
                server.state.value.shouldBeInstanceOf<ServerState.Listening>()
                server.shutdown()
            }
        } finally {
            blocked.countDown()
        }
    }

    contract.run("a collector that is too slow loses the oldest events, and they are counted") {
        val rounds = 1500
        transport.serving(echo) { server, client ->
            val first = CompletableDeferred<Unit>()
            val release = CompletableDeferred<Unit>()
            val slow = async(start = UNDISPATCHED) {
                var seen = 0
                var last: SocketEvent? = null
                server.events.collect {
                    first.complete(Unit)
                    release.await()
                    seen++
                    last = it
                }
                seen to last
            }
            val all = async(Dispatchers.Default, start = UNDISPATCHED) { server.events.count() }
            client.connect { connection ->
                repeat(rounds) {
                    connection.writeLine("x")
                    connection.readLine() shouldBe "x"
                }
            }
            first.await()
            server.shutdown()
            release.complete(Unit)
            val (seen, last) = slow.await()
            last shouldBe ServerEvent.Stopped(server.address)
            // The other collector may be slow as well, on a busy machine.
            (seen + all.await() + server.totals.droppedEvents) % 2 shouldBe 0
            seen shouldBeLessThan 2 * rounds
            server.totals.droppedEvents shouldBeGreaterThan 0
        }
    }

    contract.run("a client tells what becomes of its connections") {
        transport.serving({ connection ->
            connection.readLine()
            connection.writeLine("answer")
            connection.readLine()
        }) { server, client ->
            val seen = async(start = UNDISPATCHED) {
                client.events.transformWhile<SocketEvent, ConnectionEvent> {
                    emit(it as ConnectionEvent)
                    it !is ConnectionEvent.Closed
                }.toList()
            }
            val connection = client.connect()
            connection.writeLine("question")
            connection.readLine() shouldBe "answer"
            connection.shutdownOutput()
            connection.readLine() shouldBe null
            connection.close()
            val events = seen.await()
            events.map { it::class.simpleName }.distinct()
                .shouldContainExactly("Dialing", "Opened", "Written", "Read", "OutputClosed", "InputClosed", "Closed")
            events.map { it.id }.toSet() shouldBe setOf(connection.id)
            events.first().local shouldBe null
            events.drop(1).map { it.local to it.remote }.toSet() shouldBe setOf(connection.local to server.address)
            (events.last() as ConnectionEvent.Closed).reason shouldBe CloseReason.Peer
        }
    }

    contract.run("a client that cannot connect tells that") {
        val server = coroutineScope { transport.server(ServerOptions()).start(this, echo).also { it.close() } }
        val client = transport.client(server, ClientOptions())
        val seen = async(start = UNDISPATCHED) { client.events.take(2).toList() }
        val failure = shouldThrow<ConnectFailed> { client.connect() }
        val (dialing, failed) = seen.await().map { it as ConnectionEvent }
        dialing.shouldBeInstanceOf<ConnectionEvent.Dialing>().local shouldBe null
        failed.shouldBeInstanceOf<ConnectionEvent.Failed>().cause shouldBe failure
        failed.local shouldBe null
        failed.id shouldBe dialing.id
        failed.remote shouldBe dialing.remote
    }

    contract.run("a handshake that fails is a failed connection that was never opened") {
        val broken = IOException("no hands to shake")
        val options = ServerOptions()
        coroutineScope {
            val server = transport.server(options).through { throw broken }.start(this) { error("never") }
            val seen = async(start = UNDISPATCHED) { server.events.take(2).toList() }
            // The reset may come before the client has noticed that it is connected.
            runCatching { transport.client(server, ClientOptions()).connect { it.readLine() } }.getOrNull() shouldBe null
            val (failed, closed) = seen.await()
            failed.shouldBeInstanceOf<ConnectionEvent.Failed>().cause shouldBe broken
            closed.shouldBeInstanceOf<ConnectionEvent.Closed>().reason shouldBe CloseReason.Failure(broken)
            server.close()
        }
    }

    contract.run("a dial that is cancelled has its end among the events, and so has a connection that nobody was given") {
        transport.serving(echo) { server, _ ->
            val told = Channel<SocketEvent>(Channel.UNLIMITED)
            val client = transport.client(server, ClientOptions { onEvent { event -> told.trySend(event) } })
            val began = CompletableDeferred<Unit>()
            val dial = launch {
                client.through {
                    began.complete(Unit)
                    awaitCancellation()
                }.connect()
            }
            began.await()
            dial.cancelAndJoin()
            told.receive().shouldBeInstanceOf<ConnectionEvent.Dialing>()
            told.receive().shouldBeInstanceOf<ConnectionEvent.Failed>().cause.shouldBeInstanceOf<CancellationException>()
            repeat(50) {
                launch(Dispatchers.Unconfined) { client.connect().close() }.cancelAndJoin()
                told.receive().shouldBeInstanceOf<ConnectionEvent.Dialing>()
                val next = told.receive()
                if (next is ConnectionEvent.Opened) told.receive().shouldBeInstanceOf<ConnectionEvent.Closed>()
            }
        }
    }
})
