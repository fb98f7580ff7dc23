package io.hawser.tls

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.ConnectionLost
import io.hawser.HandshakeTimeout
import io.hawser.ReadTimeout
import io.hawser.SocketFailure
import io.hawser.StreamClient
import io.hawser.tcp.Tcp
import io.hawser.testkit.FaultProxy
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.RunningFaultProxy
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** What goes wrong under TLS, as both sides see it. */
class FaultyTlsSpec : StringSpec({
    extension(LeakCheck)

    "a bit that is flipped on the way breaks the session for both, and nothing of what was altered is read" {
        val seed = Random.nextLong()
        connectedThroughFaults(seed) { proxy, near, far ->
            proxy.corruptAfter(Random(seed).nextLong(5, 100))
            near.write(ByteBuffer.allocate(200))
            shouldThrow<TlsBroken> { far.read(ByteBuffer.allocate(1)) }
            // The alert that says so goes through the same hands.
            far.close()
            shouldThrow<SocketFailure> { near.read(ByteBuffer.allocate(1)) }
        }
    }

    "an end in the middle is a truncation for both" {
        connectedThroughFaults { proxy, near, far ->
            proxy.endAll()
            shouldThrow<TlsTruncated> { far.read(ByteBuffer.allocate(1)) }
            shouldThrow<TlsTruncated> { near.read(ByteBuffer.allocate(1)) }
        }
    }

    "an end in the middle of a record is a truncation, and what came before is read" {
        connectedThroughFaults { proxy, near, far ->
            near.writeLine("before")
            far.readLine() shouldBe "before"
            proxy.bandwidth = 200_000
            val writing = launch { runCatching { near.write(ByteBuffer.allocate(8 shl 20)) } }
            far.readExactly(1)
            proxy.endAll()
            val failure = shouldThrow<SocketFailure> { while (far.read(ByteBuffer.allocate(100_000)) >= 0) Unit }
            failure.shouldBeInstanceOf<TlsTruncated>()
            near.abort()
            writing.join()
        }
    }

    "a reset is a reset for both" {
        connectedThroughFaults { proxy, near, far ->
            proxy.resetAll()
            shouldThrow<ConnectionLost> { far.read(ByteBuffer.allocate(1)) }
            shouldThrow<ConnectionLost> { near.read(ByteBuffer.allocate(1)) }
        }
    }

    "silence is a read timeout, after which the session goes on" {
        connectedThroughFaults(options = ClientOptions { readTimeout = 300.milliseconds }) { proxy, near, far ->
            proxy.silent = true
            far.writeLine("held up")
            shouldThrow<ReadTimeout> { near.readLine() }
            proxy.silent = false
            near.awaitLine() shouldBe "held up"
        }
    }

    "a close in silence does not wait for anybody" {
        connectedThroughFaults { proxy, near, _ ->
            proxy.silent = true
            near.close()
            near.awaitClosed()
        }
    }

    "silence in the handshake is a handshake timeout" {
        throughFaults(options = ClientOptions { handshakeTimeout = 1.seconds }) { proxy, client ->
            proxy.silent = true
            shouldThrow<HandshakeTimeout> { client.connect() }
        }
    }

    "a cut anywhere in the handshake fails it, and the client knows" {
        for (bytes in 0L..2000L step 97) {
            throughFaults(options = ClientOptions { readTimeout = 300.milliseconds }) { proxy, client ->
                proxy.cutAfter(bytes)
                shouldThrow<SocketFailure> {
                    // Of TLS 1.3 the client is through before the server is.
                    client.connect { it.readLine() }
                }
            }
        }
    }
})

/** A line, however many timeouts come before it. */
private suspend fun Connection.awaitLine(): String? {
    while (true) {
        try {
            return readLine()
        } catch (_: ReadTimeout) {
            continue
        }
    }
}

/** Runs [block] with a proxy in front of a server of TLS, and a client that connects through it. */
private suspend fun throughFaults(
    seed: Long = 0,
    handler: suspend CoroutineScope.(Connection) -> Unit = { it.readLine() },
    options: ClientOptions = ClientOptions(),
    block: suspend CoroutineScope.(RunningFaultProxy, StreamClient) -> Unit,
) = withTimeout(HANG) {
    coroutineScope {
        tcpServer().tls(serverTls).start(this, handler).use { running ->
            FaultProxy.to(tcpClient(running), seed).start(this).use { proxy ->
                coroutineScope { block(proxy, Tcp.client("127.0.0.1", proxy.port, options).tls(clientTls, "localhost")) }
            }
        }
    }
}

/** As [throughFaults], with the two ends of a session over which something has gone in both directions. */
private suspend fun connectedThroughFaults(
    seed: Long = 0,
    options: ClientOptions = ClientOptions(),
    block: suspend CoroutineScope.(proxy: RunningFaultProxy, near: Connection, far: Connection) -> Unit,
) {
    val accepted = CompletableDeferred<Connection>()
    throughFaults(seed, { connection ->
        accepted.complete(connection)
        connection.awaitClosed()
    }, options) { proxy, client ->
        client.connect { near ->
            accepted.await().use { far ->
                near.writeLine("there")
                far.readLine() shouldBe "there"
                far.writeLine("back")
                near.awaitLine() shouldBe "back"
                coroutineScope { block(proxy, near, far) }
            }
        }
    }
}
