@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.Connection
import io.hawser.ConnectionReset
import io.hawser.engine.connect
import io.hawser.transport.TransportApi
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

class FaultProxySilenceSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "silence stops everything, and what piled up is delivered afterwards" {
        behindProxy { proxy, client, _ ->
            client.connect { connection ->
                connection.writeLine("before")
                connection.readLine() shouldBe "before"
                proxy.silent = true
                connection.writeLine("during")
                withTimeoutOrNull(100.milliseconds) { connection.readLine() } shouldBe null
                proxy.silent = false
                connection.readLine() shouldBe "during"
            }
        }
    }

    "silence keeps ends and resets to itself, but not from the proxy's own hands" {
        behindProxy { proxy, client, server ->
            val ended = client.connect()
            val reset = client.connect()
            val cut = client.connect()
            for (connection in listOf(ended, reset, cut)) {
                connection.writeLine("there")
                connection.readLine() shouldBe "there"
            }
            proxy.silent = true
            ended.close()
            reset.abort()
            withTimeoutOrNull(100.milliseconds) { server.connectionCount.first { it < 3 } } shouldBe null
            proxy.resetAll()
            shouldThrow<ConnectionReset> { cut.readLine() }
            server.connectionCount.first { it == 0 }
            cut.close()
            proxy.connectionCount.first { it == 0 }
        }
    }

    "the proxy ends a connection that is full in both directions" {
        for (end in listOf(RunningFaultProxy::resetAll, RunningFaultProxy::closeAll)) {
            val atServer = CompletableDeferred<Connection>()
            behindProxy({ connection ->
                atServer.complete(connection)
                connection.fill()
            }) { proxy, client, server ->
                proxy.silent = true
                client.connect { connection ->
                    val writer = launch { shouldThrow<IOException> { connection.fill() } }
                    connection.awaitFull()
                    atServer.await().awaitFull()
                    end(proxy)
                    withTimeoutOrNull(20.seconds) { proxy.connectionCount.first { it == 0 } } shouldBe 0
                    writer.join()
                }
                server.connectionCount.first { it == 0 }
            }
        }
    }

    "silence that ends passes the reset on" {
        behindProxy { proxy, client, server ->
            val connection = client.connect()
            connection.writeLine("there")
            connection.readLine() shouldBe "there"
            proxy.silent = true
            connection.abort()
            withTimeoutOrNull(50.milliseconds) { server.connectionCount.first { it == 0 } } shouldBe null
            proxy.silent = false
            server.connectionCount.first { it == 0 }
        }
    }

    "a proxy that closes lets go of everything, whatever state it is in" {
        behindProxy { proxy, client, server ->
            val connections = List(20) { client.connect() }
            connections.forEach { it.writeLine("there") }
            connections.forEach { it.readLine() shouldBe "there" }
            proxy.silent = true
            proxy.latency = 30.seconds
            val waiting = connections.map { connection ->
                async {
                    runCatching {
                        connection.write(ByteBuffer.allocate(100_000))
                        connection.readLine()
                    }
                }
            }
            proxy.close()
            proxy.awaitClosed()
            waiting.forEach { it.await() }
            connections.forEach(Connection::close)
            eventually(20.seconds) { server.connectionCount.value shouldBe 0 }
        }
    }
})

private suspend fun Connection.fill(): Nothing {
    while (true) write(ByteBuffer.allocate(64 * 1024))
}

/** Waits until who writes has long been waiting. */
private suspend fun Connection.awaitFull() {
    var before = 0L
    while (bytesWritten == 0L || bytesWritten != before) {
        before = bytesWritten
        delay(200.milliseconds)
    }
}
