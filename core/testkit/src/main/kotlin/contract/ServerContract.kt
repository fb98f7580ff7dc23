package io.hawser.testkit.contract

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerState
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldHaveSize
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** What every server of streams keeps for its handlers and their connections. */
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
                    server.awaitOpen(1)
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
                server.awaitOpen(1)
                proceed.complete(Unit)
                connection.readLine() shouldBe "from the child"
                connection.readLine() shouldBe null
            }
            server.connectionCount.first { it == 0 }
        }
    }

    contract.run("an answer arrives whole although its handler never read the request") {
        val answer = Random(1).nextBytes(SMALL)
        transport.serving({ it.write(ByteBuffer.wrap(answer)) }) { _, client ->
            repeat(20) {
                withinLinger {
                    client.connect { connection ->
                        connection.write(ByteBuffer.allocate(SMALL))
                        connection.readExactly(SMALL).contentEquals(answer) shouldBe true
                        connection.read(ByteBuffer.allocate(1)) shouldBe -1
                    }
                }
            }
        }
    }

    contract.run("the count of connections is exact, and their list tells them") {
        transport.serving(echo) { server, client ->
            val clients = List(20) { client.connect() }
            server.awaitOpen(20)
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

    contract.run("a client that resets costs its own connection only") {
        transport.serving(echo) { server, client ->
            val reasons = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Closed } as ConnectionEvent.Closed }
            client.connect().use { good ->
                client.connect().use { bad ->
                    bad.writeLine("x")
                    bad.readLine()
                    bad.abort()
                }
                val reason = reasons.await().reason
                when {
                    transport.resets -> reason shouldBe CloseReason.Reset
                    transport.hasRecords -> reason.shouldBeInstanceOf<CloseReason.Failure>()
                    else -> reason shouldBe CloseReason.Peer
                }
                server.awaitOpen(1)
                good.writeLine("fine")
                good.readLine() shouldBe "fine"
            }
        }
    }
})
