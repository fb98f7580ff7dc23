@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.Connection
import io.hawser.ConnectionReset
import io.hawser.copyTo
import io.hawser.engine.connect
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.delay
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
        behindProxy { proxy, client, _ ->
            proxy.sliceTo = 1
            client.connect { connection ->
                connection.writeLine("slowly")
                connection.readLine() shouldBe "slowly"
            }
        }
    }

    "latency delays without limiting what is on its way" {
        behindProxy { proxy, client, _ ->
            client.connect { connection ->
                connection.writeLine("warm")
                connection.readLine()
                proxy.latency = 100.milliseconds
                val start = TimeSource.Monotonic.markNow()
                launch {
                    repeat(100) {
                        connection.writeLine("$it")
                        delay(2.milliseconds)
                    }
                }
                repeat(100) { connection.readLine() shouldBe "$it" }
                start.elapsedNow() shouldBeGreaterThanOrEqualTo 200.milliseconds
                // One after the other they would take 20 s.
                start.elapsedNow() shouldBeLessThan 5.seconds
            }
        }
    }

    "bandwidth limits each direction" {
        behindProxy { proxy, client, _ ->
            proxy.bandwidth = 100_000
            client.connect { connection ->
                val start = TimeSource.Monotonic.markNow()
                launch { connection.write(ByteBuffer.allocate(50_000)) }
                connection.readExactly(50_000)
                start.elapsedNow() shouldBeGreaterThanOrEqualTo 400.milliseconds
                start.elapsedNow() shouldBeLessThan 5.seconds
            }
        }
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

    "corruptAfter flips one bit in each direction" {
        behindProxy { proxy, client, _ ->
            client.connect { connection ->
                connection.write(ByteBuffer.allocate(100))
                connection.readExactly(100) shouldBe ByteArray(100)
                proxy.corruptAfter(30)
                connection.write(ByteBuffer.allocate(100))
                val echoed = connection.readExactly(100)
                echoed.indices.filter { it != 30 }.all { echoed[it] == 0.toByte() } shouldBe true
                connection.write(ByteBuffer.allocate(100))
                connection.readExactly(100) shouldBe ByteArray(100)
            }
        }
    }
})
