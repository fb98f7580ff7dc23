@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.ConnectionReset
import io.hawser.Endpoint
import io.hawser.HandshakeTimeout
import io.hawser.MalformedFrame
import io.hawser.ServerOptions
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

/** What becomes of a connection whose layers fail, and what clients and servers with layers go by. */
class LayersSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    val alarming = Layer { inner ->
        inner.write(bytes("unknown authority\n"))
        throw MalformedFrame(inner.endpoint, "unknown authority")
    }
    val stuck = Layer { inner ->
        inner.write(bytes("hello?\n"))
        awaitCancellation()
    }
    val mistaken = Layer { inner ->
        inner.write(bytes("hello?\n"))
        error("a mistake")
    }

    "the peer of a client's failing layer gets what the layer told it, and an end" {
        coroutineScope {
            val heard = CompletableDeferred<List<String?>>()
            Memory.server().start(this) { heard.complete(listOf(it.readLine(), it.readLine())) }.use { server ->
                shouldThrow<MalformedFrame> { Memory.client(server).through(alarming).connect() }
                heard.await() shouldBe listOf("unknown authority", null)
                server.connectionCount.first { it == 0 }
            }
        }
    }

    "the peer of a server's failing layer gets what the layer told it, and an end" {
        coroutineScope {
            Memory.server().through(alarming).start(this) { error("never") }.use { server ->
                Memory.client(server).connect { listOf(it.readLine(), it.readLine()) } shouldBe listOf("unknown authority", null)
            }
        }
    }

    "a layer that takes too long, is cancelled or makes a mistake has the peer reset" {
        coroutineScope {
            for (layer in listOf(stuck, mistaken)) {
                val options = ServerOptions {
                    handshakeTimeout = 20.milliseconds
                    onEvent { }
                }
                Memory.server(options).through(layer).start(this) { error("never") }.use { server ->
                    Memory.client(server).connect { connection ->
                        shouldThrow<ConnectionReset> { while (connection.readLine() != null) Unit }
                    }
                }
            }
            val reset = CompletableDeferred<Throwable?>()
            Memory.server().start(this) { connection ->
                reset.complete(runCatching { while (connection.readLine() != null) Unit }.exceptionOrNull())
            }.use { server ->
                val options = ClientOptions { handshakeTimeout = 20.milliseconds }
                shouldThrow<HandshakeTimeout> { Memory.client(server, options).through(stuck).connect() }
                (reset.await() is ConnectionReset) shouldBe true
                server.connectionCount.first { it == 0 }
            }
        }
    }

    "clients and servers go by the endpoint that comes with a layer" {
        val open = Layer { it }
        val named = Endpoint.Local("secret", "layered")
        Memory.client("layered").through(open, named).endpoint shouldBe named
        Memory.client("layered").through(open, named).through(open).toString() shouldBe "client of secret:layered"
        Memory.client("layered").through(open).endpoint shouldBe Endpoint.parse("memory:layered")
        val definition = Memory.server(name = "layered").through(open, Endpoint.Local("secret", "other"))
        definition.toString() shouldBe "server on secret:other"
        coroutineScope {
            definition.start(this) { it.writeLine("hello") }.use { server ->
                // The name is the real one, as a port would be.
                server.endpoint shouldBe named
                Memory.client("layered").through(open, named).connect { it.readLine() } shouldBe "hello"
            }
            Memory.server(name = "layered").through(open, Endpoint.parse("tls://127.0.0.1:0")).start(this) { }.use { server ->
                server.endpoint shouldBe Endpoint.parse("memory:layered")
            }
        }
    }
})
