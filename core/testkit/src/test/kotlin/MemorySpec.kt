@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.BindFailed
import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.ConnectTimeout
import io.hawser.ConnectionClosed
import io.hawser.ConnectionReset
import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.event.ServerState
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

class MemorySpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "a pair is two connected ends" {
        val (near, far) = Memory.pair()
        near.writeLine("hello")
        far.readLine() shouldBe "hello"
        near.local shouldBe far.remote
        near.remote shouldBe far.local
        near.close()
        far.read(ByteBuffer.allocate(1)) shouldBe -1
        shouldThrow<ConnectionClosed> { near.writeLine("x") }
        far.close()
    }

    "the capacity of a pair bounds what a writer gets rid of" {
        val (near, far) = Memory.pair(capacity = 1000)
        coroutineScope {
            val writer = launch { near.write(ByteBuffer.allocate(5000)) }
            far.readExactly(1000)
            writer.isActive shouldBe true
            far.readExactly(4000)
        }
        shouldThrow<IllegalArgumentException> { Memory.pair(capacity = 0) }
        near.close()
        far.close()
    }

    "a server on a name serves its clients" {
        coroutineScope {
            val server = Memory.server(name = "echo").start(this) { it.copyTo(it) }
            server.endpoint shouldBe Endpoint.Local("memory", "echo")
            server.address shouldBe MemoryAddress("echo")
            "${server.endpoint}" shouldBe "memory:echo"
            for (client in listOf(Memory.client("echo"), Memory.client(server), Memory.client(server.endpoint))) {
                client.connect { connection ->
                    connection.writeLine("over here")
                    connection.readLine() shouldBe "over here"
                    connection.remote shouldBe MemoryAddress("echo")
                }
            }
            server.connectionCount.first { it == 0 }
            server.shutdown(1.seconds)
            server.state.value.shouldBeInstanceOf<ServerState.Closed>()
        }
    }

    "nobody on a name is ConnectFailed and two servers on a name are BindFailed" {
        shouldThrow<ConnectFailed> { Memory.client("nobody").connect() }.message shouldBe
            "cannot connect to memory:nobody: nobody listens on that name"
        coroutineScope {
            val server = Memory.server(name = "taken").start(this) { awaitCancellation() }
            shouldThrow<BindFailed> { Memory.server(name = "taken").start(this) {} }.message shouldBe
                "cannot listen on memory:taken: the name is taken"
            server.close()
            shouldThrow<ConnectFailed> { Memory.client("taken").connect() }
            server.awaitClosed()
            Memory.server(name = "taken").start(this) {}.close()
        }
    }

    "a client of something else is refused" {
        shouldThrow<IllegalArgumentException> { Memory.client(Endpoint.Inet("tcp", "localhost", 80)) }.message shouldContain
            "tcp://localhost:80"
        shouldThrow<IllegalArgumentException> { Memory.client(" ") }
    }

    "a full backlog has clients wait for room and a close resets those in it" {
        // Bound, but not accepting: the loop stands still.
        val loop = ManualLoop()
        coroutineScope {
            val server = Memory.server(loop, ServerOptions { backlog = 2 }, "full").start(this) { awaitCancellation() }
            val inside = List(2) { Memory.client("full").connect() }
            shouldThrow<ConnectTimeout> { Memory.client("full", ClientOptions { connectTimeout = 50.milliseconds }).connect() }
            val waiting = async { runCatching { Memory.client("full").connect() } }
            server.close()
            waiting.await().exceptionOrNull().shouldBeInstanceOf<ConnectFailed>()
            inside.forEach { shouldThrow<ConnectionReset> { it.readLine() } }
            loop.runUntilIdle()
        }
    }

    "a client that waits for room is let in when another has been accepted" {
        val loop = ManualLoop()
        coroutineScope {
            val server = Memory.server(loop, ServerOptions { backlog = 1 }, "narrow").start(this) { it.writeLine("welcome") }
            val clients = List(3) { async { Memory.client("narrow").connect { it.readLine() } } }
            while (clients.any { it.isActive }) {
                loop.runUntilIdle()
                yield()
            }
            clients.awaitAll().forEach { it shouldBe "welcome" }
            server.close()
            loop.runUntilIdle()
        }
    }

    "a thousand clients at once are all served".config(timeout = 2.minutes) {
        coroutineScope {
            val server = Memory.server(ServerOptions { backlog = 5 }, "busy").start(this) { it.copyTo(it) }
            val client = Memory.client("busy", ClientOptions { connectTimeout = Duration.INFINITE })
            List(1000) { number ->
                launch {
                    client.connect { connection ->
                        connection.writeLine("$number")
                        connection.readLine() shouldBe "$number"
                    }
                }
            }.joinAll()
            server.shutdown(5.seconds)
            server.connectionCount.value shouldBe 0
        }
    }

    "cancelling a scope frees the name and resets nobody it has served to the end" {
        val started = CompletableDeferred<Unit>()
        coroutineScope {
            val serving = launch { Memory.server(name = "scoped").serve({ started.complete(Unit) }) { it.copyTo(it) } }
            started.await()
            val connection = Memory.client("scoped").connect()
            connection.writeLine("there")
            connection.readLine() shouldBe "there"
            serving.cancel()
            serving.join()
            connection.readLine() shouldBe null
            connection.close()
            shouldThrow<ConnectFailed> { Memory.client("scoped").connect() }
        }
    }

    "lingering takes virtual time on a loop driven by hand" {
        val loop = ManualLoop()
        val (client, peer) = coroutineScope {
            val server = Memory.server(loop, name = "lingering").start(this) { it.writeLine("bye") }
            val client = Memory.client("lingering", loop).connect()
            loop.runUntilIdle()
            server.connectionCount.value shouldBe 1
            client.readLine() shouldBe "bye"
            client.readLine() shouldBe null
            loop.advanceBy(499.milliseconds)
            server.connectionCount.value shouldBe 1
            loop.advanceBy(1.milliseconds)
            server.connectionCount.value shouldBe 0
            server.close()
            loop.runUntilIdle()
            client to server
        }
        shouldThrow<ConnectionReset> { client.writeLine("too late") }
        peer.awaitClosed()
    }
})
