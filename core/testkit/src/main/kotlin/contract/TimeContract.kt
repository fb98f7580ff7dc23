package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.IdleTimeout
import io.hawser.ReadTimeout
import io.hawser.ServerOptions
import io.hawser.WriteTimeout
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first

/** What timeouts do to the connections of every transport. That they fire when they are due is another matter, for virtual time. */
public abstract class TimeContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val echo: suspend CoroutineScope.(Connection) -> Unit = { it.copyTo(it) }
    val soon = 30.milliseconds

    contract.run("a read timeout leaves the connection as it was") {
        val proceed = Channel<String>()
        transport.serving({ connection -> for (text in proceed) connection.write(bytes(text)) }) { server, _ ->
            transport.client(server, ClientOptions { readTimeout = soon }).connect { connection ->
                proceed.send("half a ")
                shouldThrow<ReadTimeout> { connection.readLine() }.message shouldBe "${connection.endpoint} sent nothing for 30 ms"
                shouldThrow<ReadTimeout> { connection.readExactly(100) }
                connection.isOpen shouldBe true
                proceed.send("line\n")
                connection.readEventually { readLine() } shouldBe "half a line"
                shouldThrow<ReadTimeout> { connection.awaitReadable() }
                shouldThrow<ReadTimeout> { connection.read(ByteBuffer.allocate(1)) }
                shouldThrow<ReadTimeout> { connection.incoming().first() }
                proceed.send("all")
                connection.readEventually { readExactly(3) }.decodeToString() shouldBe "all"
                proceed.close()
                connection.readEventually { readLine() } shouldBe null
            }
        }
    }

    contract.run("a read timeout of a handler fails it, if it lets it") {
        transport.serving({ it.readLine() }, ServerOptions { readTimeout = soon }) { server, client ->
            val closed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Closed } as ConnectionEvent.Closed }
            client.connect().use { connection ->
                connection.readLine() shouldBe null
                closed.await().reason.shouldBeInstanceOf<CloseReason.Timeout>().cause.shouldBeInstanceOf<ReadTimeout>()
            }
        }
    }

    contract.run("a read timeout fires again and again on handlers off the loop, and loses nothing") {
        val options = ServerOptions {
            readTimeout = 1.milliseconds
            handlerContext = Dispatchers.Default
        }
        val sent = Random(2).nextBytes(SMALL)
        val received = CompletableDeferred<ByteArray>()
        transport.serving({ connection ->
            received.complete(connection.readEventually { readExactly(SMALL) })
        }, options) { _, client ->
            client.connect { connection ->
                for (from in sent.indices step 1024) {
                    connection.write(ByteBuffer.wrap(sent, from, 1024))
                    delay(2.milliseconds)
                }
                received.await().contentEquals(sent) shouldBe true
            }
        }
    }

    contract.run("a write timeout aborts the connection") {
        val release = CompletableDeferred<Unit>()
        val failure = CompletableDeferred<Throwable?>()
        transport.serving({ release.await() }) { server, _ ->
            transport.client(server, ClientOptions { writeTimeout = soon }).connect().use { connection ->
                val waiting = async(start = UNDISPATCHED) { runCatching { connection.write(ByteBuffer.allocate(LARGE)) }.exceptionOrNull() }
                failure.complete(runCatching { connection.write(bytes("next")) }.exceptionOrNull())
                waiting.await().shouldBeInstanceOf<WriteTimeout>().message shouldBe "${connection.endpoint} took nothing for 30 ms"
                failure.await().shouldBeInstanceOf<WriteTimeout>()
                shouldThrow<WriteTimeout> { connection.readLine() }
                connection.closeReason.shouldBeInstanceOf<CloseReason.Timeout>().cause.shouldBeInstanceOf<WriteTimeout>()
                connection.awaitClosed()
                release.complete(Unit)
                server.connectionCount.first { it == 0 }
            }
        }
    }

    contract.run("an idle timeout closes the connection, and calls say so") {
        transport.serving(echo) { server, _ ->
            val client = transport.client(server, ClientOptions { idleTimeout = soon })
            val events = async(start = UNDISPATCHED) { client.events.first { it is ConnectionEvent.Failed } as ConnectionEvent.Failed }
            client.connect().use { connection ->
                shouldThrow<IdleTimeout> { connection.readLine() }.message shouldBe
                    "nothing went to or came from ${connection.endpoint} for 30 ms"
                shouldThrow<IdleTimeout> { connection.writeLine("x") }
                connection.isOpen shouldBe false
                connection.closeReason.shouldBeInstanceOf<CloseReason.Timeout>().cause.shouldBeInstanceOf<IdleTimeout>()
                events.await().cause.shouldBeInstanceOf<IdleTimeout>()
                server.connectionCount.first { it == 0 }
            }
        }
    }

    contract.run("an idle timeout of the server ends clients that say nothing") {
        transport.serving(echo, ServerOptions { idleTimeout = soon }) { server, client ->
            val closed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Closed } as ConnectionEvent.Closed }
            val failed = async(start = UNDISPATCHED) { server.events.first { it is ConnectionEvent.Failed } as ConnectionEvent.Failed }
            client.connect().use { connection ->
                connection.readLine() shouldBe null
                failed.await().cause.shouldBeInstanceOf<IdleTimeout>()
                closed.await().reason.shouldBeInstanceOf<CloseReason.Timeout>()
                server.connectionCount.first { it == 0 }
            }
        }
    }
})

/** What [read] returns once it does not time out any more. */
private suspend fun <T> Connection.readEventually(read: suspend Connection.() -> T): T {
    while (true) {
        try {
            return read()
        } catch (_: ReadTimeout) {
            continue
        }
    }
}
