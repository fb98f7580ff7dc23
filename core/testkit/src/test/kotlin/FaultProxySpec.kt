@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.Connection
import io.hawser.ConnectionReset
import io.hawser.copyTo
import io.hawser.testkit.fault.Link
import io.hawser.testkit.fault.LiveFaults
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.experimental.xor
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

class FaultProxySpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "without a fault everything goes through, with ends of both directions" {
        behindProxy { proxy, client, _ ->
            client.connect { connection ->
                val sent = Random(1).nextBytes(3_000_000)
                launch {
                    connection.write(ByteBuffer.wrap(sent))
                    connection.shutdownOutput()
                }
                connection.readExactly(sent.size) shouldBe sent
                connection.readLine() shouldBe null
            }
            proxy.connectionCount.first { it == 0 }
        }
    }

    "resetAll resets the client and the server" {
        val atServer = CompletableDeferred<Throwable?>()
        behindProxy({ connection ->
            atServer.complete(runCatching { connection.copyTo(connection) }.exceptionOrNull())
        }) { proxy, client, _ ->
            client.connect { connection ->
                connection.writeLine("there")
                connection.readLine() shouldBe "there"
                proxy.resetAll()
                shouldThrow<ConnectionReset> { connection.readLine() }
            }
            (atServer.await() is ConnectionReset) shouldBe true
        }
    }

    "closeAll ends both sides" {
        behindProxy { proxy, client, server ->
            client.connect { connection ->
                connection.writeLine("there")
                connection.readLine() shouldBe "there"
                proxy.closeAll()
                connection.readLine() shouldBe null
            }
            server.connectionCount.first { it == 0 }
        }
    }

    "endAll ends both directions behind what is on its way" {
        behindProxy { proxy, client, server ->
            client.connect { connection ->
                proxy.latency = 50.milliseconds
                connection.writeLine("first")
                connection.readLine() shouldBe "first"
                proxy.endAll()
                connection.readLine() shouldBe null
                connection.writeLine("into the void")
            }
            server.connectionCount.first { it == 0 }
        }
    }

    "a reset of one side reaches the other" {
        val atServer = CompletableDeferred<Throwable?>()
        behindProxy({ connection -> atServer.complete(runCatching { connection.copyTo(connection) }.exceptionOrNull()) }) { _, client, _ ->
            val connection = client.connect()
            connection.writeLine("there")
            connection.readLine() shouldBe "there"
            connection.abort()
            (atServer.await() is ConnectionReset) shouldBe true
        }
    }

    "a server that is not there resets the client" {
        withContext(Dispatchers.Default) {
            FaultProxy.to(Memory.client("nobody there")).start(this).use { proxy ->
                // The reset may come while the client still connects.
                shouldThrow<IOException> { tcp(proxy.port).connect { it.readLine() } }.message?.lowercase() shouldContain "reset"
            }
        }
    }

    "slices leave byte by byte and arrive whole" {
        val slices = ConcurrentLinkedQueue<Long>()
        withContext(Dispatchers.Default) {
            Memory.server().start(this) { it.copyTo(it) }.use { server ->
                val toServer = Memory.client(server).through { inner ->
                    object : RawStream by inner {
                        override fun write(source: ByteBuffer) = inner.write(source).also { slices += it.toLong() }

                        override fun write(sources: Array<ByteBuffer>, from: Int) = inner.write(sources, from).also { slices += it }
                    }
                }
                FaultProxy.to(toServer).start(this).use { proxy ->
                    proxy.sliceTo = 1
                    tcp(proxy.port).connect { connection ->
                        connection.writeLine("slowly")
                        connection.readLine() shouldBe "slowly"
                    }
                }
            }
        }
        slices.toList() shouldBe List("slowly\n".length) { 1L }
    }

    "cutAfter resets present and later connections after so many bytes" {
        behindProxy { proxy, client, _ ->
            suspend fun Connection.echoed(): Int {
                val piece = ByteArray(1000)
                var echoed = 0
                try {
                    while (echoed < 20_000) {
                        write(ByteBuffer.wrap(piece))
                        readExactly(1000)
                        echoed += 1000
                    }
                } catch (_: IOException) {
                    close()
                }
                return echoed
            }
            val present = client.connect()
            present.write(ByteBuffer.allocate(5000))
            present.readExactly(5000)
            proxy.cutAfter(10_000)
            present.echoed() shouldBeIn listOf(9_000, 10_000)
            client.connect().echoed() shouldBeIn listOf(9_000, 10_000)
            proxy.cutAfter(Faults.NEVER)
            client.connect { it.echoed() shouldBe 20_000 }
        }
    }

    "a connection heeds a cutAfter that came while it was being made" {
        withContext(Dispatchers.Default) {
            Memory.server().start(this) { it.copyTo(it) }.use { server ->
                val (client, inbound) = Memory.pair()
                val faults = LiveFaults()
                val link = Link(inbound, faults, seed = 0)
                faults.cutAfter = 5
                launch { link.run(Memory.client(server)) }
                client.write(ByteBuffer.allocate(10))
                shouldThrow<ConnectionReset> { client.readExactly(10) }
                client.close()
                inbound.close()
            }
        }
    }

    "corruptAfter flips one bit in each direction" {
        val atServer = Channel<ByteArray>(Channel.UNLIMITED)
        behindProxy({ connection ->
            while (true) {
                val received = connection.readExactly(100)
                atServer.send(received)
                connection.write(ByteBuffer.wrap(received))
            }
        }) { proxy, client, _ ->
            client.connect { connection ->
                suspend fun flipped(): List<List<Pair<Int, Int>>> {
                    connection.write(ByteBuffer.allocate(100))
                    val echoed = connection.readExactly(100)
                    val received = atServer.receive()
                    return listOf(received differsFrom ByteArray(100), echoed differsFrom received)
                }
                flipped() shouldBe listOf(emptyList(), emptyList())
                proxy.corruptAfter(30)
                flipped() shouldBe listOf(listOf(30 to 1), listOf(30 to 1))
                flipped() shouldBe listOf(emptyList(), emptyList())
            }
        }
    }
})

/** Where the two differ, and in how many bits. */
private infix fun ByteArray.differsFrom(other: ByteArray): List<Pair<Int, Int>> =
    indices.filter { this[it] != other[it] }.map { it to (this[it] xor other[it]).countOneBits() }
