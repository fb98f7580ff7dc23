package io.hawser.testkit

import io.hawser.Connection
import io.hawser.ServerOptions
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** A rate that many share who have little to say. */
class CrowdedRateSpec : StringSpec({
    extension(LeakCheck)

    /** Within five of a hundred. */
    infix fun Duration.shouldBeAbout(expected: Duration) = withClue("$this, not $expected") {
        (this in expected * 0.95..expected * 1.05) shouldBe true
    }

    infix fun Long.shouldBeAbout(expected: Long) = this shouldBeInRange expected * 95 / 100..expected * 105 / 100

    suspend fun Connection.readAll(): Int {
        val buffer = ByteBuffer.allocate(20_000)
        var sum = 0
        while (true) sum += read(buffer.clear()).also { if (it < 0) return sum }
    }

    for ((rate, count, bytes, takes) in listOf(
        Broadcast(rate = 200_000, connections = 400, bytes = 200, takes = 300.milliseconds),
        Broadcast(rate = 50_000, connections = 500, bytes = 100, takes = 900.milliseconds),
    )) {
        "a message of $bytes bytes to $count clients takes as long as its bytes at $rate a second" {
            virtualTime {
                val server = server(ServerOptions { totalWriteRate = rate }).start(this) { it.write(ByteBuffer.allocate(bytes)) }
                val start = elapsed
                val all = List(count) { launch { client(server).connect { it.readAll() shouldBe bytes } } }
                all.forEach { it.join() }
                elapsed - start shouldBeAbout takes
                server.shutdown()
            }
        }
    }

    for (count in listOf(50, 500)) {
        "the small requests of $count clients come as fast as they may together" {
            virtualTime {
                var read = 0L
                val server = server(ServerOptions { totalReadRate = 300_000 }).start(this) { connection ->
                    while (true) {
                        connection.readExactly(64)
                        read += 64
                        connection.write(ByteBuffer.allocate(1))
                    }
                }
                val clients = List(count) {
                    launch {
                        client(server).connect { connection ->
                            while (true) {
                                connection.write(ByteBuffer.allocate(64))
                                connection.readExactly(1)
                            }
                        }
                    }
                }
                delay(500.milliseconds)
                val before = read
                delay(500.milliseconds)
                read - before shouldBeAbout 150_000L
                clients.forEach(Job::cancel)
                server.close()
                server.awaitClosed()
            }
        }
    }

    "who says little is not kept waiting by who says much, and nothing is lost between them" {
        virtualTime {
            var bulk = 0L
            var chat = 0L
            var longest = Duration.ZERO
            val server = server(ServerOptions { totalReadRate = 100_000 }).start(this) { connection ->
                if (connection.readLine() == "bulk") {
                    val buffer = ByteBuffer.allocate(20_000)
                    while (true) bulk += connection.read(buffer.clear())
                }
                while (true) {
                    connection.readExactly(64)
                    chat += 64
                    connection.write(ByteBuffer.allocate(1))
                }
            }
            val clients = List(300) { number ->
                launch {
                    client(server).connect { connection ->
                        connection.writeLine("chat")
                        delay(3.milliseconds * number)
                        while (true) {
                            val start = elapsed
                            connection.write(ByteBuffer.allocate(64))
                            connection.readExactly(1)
                            longest = maxOf(longest, elapsed - start)
                            delay(1.seconds - (elapsed - start))
                        }
                    }
                }
            } + launch {
                client(server).connect { connection ->
                    connection.writeLine("bulk")
                    while (true) connection.write(ByteBuffer.allocate(20_000))
                }
            }
            delay(2.seconds)
            val before = bulk + chat
            val chatBefore = chat
            delay(5.seconds)
            bulk + chat - before shouldBeAbout 500_000L
            chat - chatBefore shouldBeAbout 5L * 300 * 64
            longest shouldBeLessThan 500.milliseconds
            clients.forEach(Job::cancel)
            server.close()
            server.awaitClosed()
        }
    }

    "a reload reaches those who wait, and those who have gone keep nobody waiting" {
        virtualTime {
            val options = ServerOptions { totalReadRate = 10_000 }
            var done = 0
            val connections = mutableListOf<Connection>()
            val server = server(options).start(this) {
                connections += it
                it.readExactly(1_000)
                done++
            }
            val clients = List(1_000) { client(server).connect().apply { write(ByteBuffer.allocate(1_000)) } }
            delay(1.seconds)
            val closing = elapsed
            connections.take(900).forEach(Connection::close)
            server.connectionCount.first { it == 100 }
            elapsed shouldBe closing
            server.reload(options.toBuilder().apply { totalReadRate = 1 }.build())
            delay(1.minutes)
            server.reload(options.toBuilder().apply { totalReadRate = 20_000 }.build())
            val start = elapsed
            val counted = server.connections.sumOf { 1_000 - it.bytesRead }
            delay(1.seconds)
            counted - server.connections.sumOf { 1_000 - it.bytesRead } shouldBeAbout 20_000L
            server.reload(ServerOptions())
            server.connectionCount.first { it == 0 }
            elapsed - start shouldBeLessThan 1.seconds + 600.milliseconds
            // One had found at once all that there was.
            done shouldBe 101
            clients.forEach(Connection::close)
            server.shutdown()
        }
    }
})

/** What goes to each of [connections], at [rate], and for how long that is more than what may go at once. */
private data class Broadcast(val rate: Long, val connections: Int, val bytes: Int, val takes: Duration)
