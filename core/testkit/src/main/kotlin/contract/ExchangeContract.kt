@file:OptIn(TransportApi::class)

package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ExchangeTimeout
import io.hawser.HandshakeTimeout
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

/** What every client of streams keeps for those who use a connection in a block. */
public abstract class ExchangeContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }

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
            server.awaitOpen(1)
            while (seen.size < 3) yield()
            cancelled.cancelAndJoin()
            seen.map { it.isOpen } shouldBe listOf(false, false, false)
            server.connectionCount.first { it == 0 }
        }
    }

    contract.run("once sends, gives back the answer, and closes") {
        transport.serving(echo) { server, client ->
            var used: Connection? = null
            client.once("status\n".encodeToByteArray(), timeout = HANG) {
                used = it
                it.readLine()
            } shouldBe "status"
            used.shouldNotBeNull().isOpen shouldBe false
            client.once(ByteArray(0), timeout = HANG) { null } shouldBe null
            server.connectionCount.first { it == 0 }
        }
    }

    contract.run("once reads the answer while it still sends") {
        transport.serving(echo) { _, client ->
            val request = Random(1).nextBytes(LARGE)
            client.once(request, timeout = HANG) { it.readExactly(LARGE) }.contentEquals(request) shouldBe true
        }
    }

    contract.run("once sends all of its request, also to whom nobody listens") {
        val received = CompletableDeferred<Int>()
        transport.serving({ connection -> received.complete(connection.incoming().toList().sumOf { it.size }) }) { _, client ->
            client.once(ByteArray(LARGE), timeout = HANG) { }
            received.await() shouldBe LARGE
        }
    }

    contract.run("once can end its direction for a peer that reads to the end") {
        transport.serving({ connection ->
            val length = connection.incoming().toList().sumOf { it.size }
            connection.writeLine("$length")
        }) { _, client ->
            client.once(ByteArray(SMALL), timeout = HANG) {
                it.shutdownOutput()
                it.readLine()
            } shouldBe "$SMALL"
        }
    }

    contract.run("once bounds the whole exchange, and closes whatever happens") {
        transport.serving({ it.copyTo(it) }) { server, client ->
            var used: Connection? = null
            shouldThrow<ExchangeTimeout> {
                client.once("no line end".encodeToByteArray(), timeout = 50.milliseconds) {
                    used = it
                    it.readLine()
                }
            }.message shouldBe "the exchange with ${client.endpoint} was not over within 50 ms"
            used?.isOpen shouldBe (if (used == null) null else false)
            shouldThrow<IllegalStateException> {
                client.once("x\n".encodeToByteArray(), timeout = HANG) {
                    used = it
                    error("answer")
                }
            }.message shouldBe "answer"
            used.shouldNotBeNull().isOpen shouldBe false
            shouldThrow<IllegalArgumentException> { client.once(ByteArray(0), timeout = Duration.ZERO) { } }.message shouldBe
                "timeout is not positive: 0s"
            server.connectionCount.first { it == 0 }
        }
    }

    contract.run("once leaves its caller's own timeout and cancellation to the caller") {
        transport.serving({ it.copyTo(it) }) { server, client ->
            val began = CompletableDeferred<Unit>()
            val cancelled = async {
                client.once(ByteArray(1), timeout = HANG) {
                    began.complete(Unit)
                    it.readLine()
                }
            }
            began.await()
            cancelled.cancelAndJoin()
            shouldThrow<CancellationException> { cancelled.await() }
            withTimeoutOrNull(50.milliseconds) { client.once(ByteArray(1), timeout = HANG) { it.readLine() } } shouldBe null
            server.connectionCount.first { it == 0 }
        }
    }

    contract.run("a layer that is not ready in time is a HandshakeTimeout, on either side") {
        val stuck = Layer { awaitCancellation() }
        transport.serving({ it.copyTo(it) }) { server, _ ->
            val client = transport.client(server, ClientOptions { handshakeTimeout = 50.milliseconds }).through(stuck)
            shouldThrow<HandshakeTimeout> { client.connect() }.message shouldBe
                "the handshake with ${client.endpoint} took longer than 50 ms"
            server.connectionCount.first { it == 0 }
        }
        coroutineScope {
            val server = transport.server(
                ServerOptions {
                    handshakeTimeout = 50.milliseconds
                },
            ).through(stuck).start(this) { error("never") }
            server.use {
                val failed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Failed } as ConnectionEvent.Failed }
                val closed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Closed } as ConnectionEvent.Closed }
                // Layers of the transport itself may take as long, and then nobody is connected.
                runCatching { transport.client(server, ClientOptions()).connect().use { it.readLine() } }.getOrNull() shouldBe null
                failed.await().cause.shouldBeInstanceOf<HandshakeTimeout>()
                closed.await().reason.shouldBeInstanceOf<CloseReason.Timeout>()
                server.connectionCount.first { it == 0 }
            }
        }
    }
})
