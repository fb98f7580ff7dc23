@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.IdleTimeout
import io.hawser.OnDrain
import io.hawser.ReadTimeout
import io.hawser.ServerOptions
import io.hawser.ShutdownReport
import io.hawser.WriteTimeout
import io.hawser.event.ConnectionEvent
import io.hawser.event.Direction
import io.hawser.transport.Layer
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.ints.shouldBeInRange
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import java.nio.file.Files
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** Connections that may not move more bytes a second than their options say. */
class ThrottleSpec : StringSpec({
    extension(LeakCheck)

    val million = 1_000_000

    suspend fun Connection.readAll(each: (Int) -> Unit = {}): Int {
        val buffer = ByteBuffer.allocate(20_000)
        var sum = 0
        while (true) {
            val count = read(buffer.clear())
            if (count < 0) return sum
            sum += count
            each(count)
        }
    }

    suspend fun Connection.send(bytes: Int) {
        write(ByteBuffer.allocate(bytes))
        shutdownOutput()
    }

    /** Within five of a hundred. */
    infix fun Duration.shouldBeAbout(expected: Duration) = withClue("$this, not $expected") {
        (this in expected * 0.95..expected * 1.05) shouldBe true
    }

    "a server reads from each connection as fast as it may" {
        virtualTime {
            val times = mutableListOf<Duration>()
            val server = server(ServerOptions { readRate = 100_000 }).start(this) {
                val start = elapsed
                it.readAll() shouldBe million
                times += elapsed - start
            }
            List(3) { launch { client(server).connect { it.send(million) } } }.forEach { it.join() }
            server.connectionCount.first { it == 0 }
            times.forEach { it shouldBeAbout 10.seconds }
            times.size shouldBe 3
            server.shutdown()
        }
    }

    "a server writes to each as fast as it may, in one piece or in many" {
        virtualTime {
            val server = server(ServerOptions { writeRate = 50_000 }).start(this) { connection ->
                connection.write(ByteBuffer.allocate(200_000))
                connection.write(Array(40) { ByteBuffer.allocate(5_000 + it) })
                repeat(1_000) { connection.write(ByteBuffer.allocate(100)) }
            }
            val start = elapsed
            client(server).connect { it.readAll() } shouldBe 500_000 + 780
            elapsed - start shouldBeAbout 10.seconds
            server.shutdown()
        }
    }

    "what is read at a rate is what was sent" {
        virtualTime {
            val lines = List(2_000) { "line $it of ${"many".repeat(it % 7)}" }
            val options = ServerOptions {
                readRate = 10_000
                writeRate = 7_000
            }
            val server = server(options).start(this) { connection -> connection.lines().collect(connection::writeLine) }
            client(server, ClientOptions { writeRate = 9_000 }).connect { connection ->
                launch {
                    lines.chunked(100).forEach { some -> connection.write(bytes(some.joinToString("") { "$it\n" })) }
                    connection.shutdownOutput()
                }
                lines.forEach { connection.readLine() shouldBe it }
                connection.readLine() shouldBe null
            }
            server.shutdown()
        }
    }

    "clients have rates too" {
        virtualTime {
            val server = server().start(this) { it.send(it.readAll()) }
            val options = ClientOptions {
                readRate = 20_000
                writeRate = 10_000
            }
            val start = elapsed
            client(server, options).connect {
                it.send(100_000)
                elapsed - start shouldBeAbout 10.seconds
                it.readAll() shouldBe 100_000
                elapsed - start shouldBeAbout 15.seconds
            }
            server.shutdown()
        }
    }

    "what a layer beneath holds is flushed without being held back once more" {
        virtualTime {
            val received = CompletableDeferred<Int>()
            val server = server().start(this) { received.complete(it.readAll()) }
            val options = ClientOptions { writeRate = 100_000 }
            val start = elapsed
            client(server, options).through(Layer { HoldingStream(it) }).connect { connection ->
                connection.send(300_000)
                elapsed - start shouldBeAbout 3.seconds
                connection.readAll()
            }
            received.await() shouldBe 300_000
            server.shutdown()
        }
    }

    "all together get as much as they may, and each of them as much as the others" {
        virtualTime {
            val options = ServerOptions { totalReadRate = 100_000 }
            val read = mutableMapOf<Long, Int>()
            val server = server(options).start(this) { connection ->
                connection.readAll { count -> read.merge(connection.id, count, Int::plus) }
            }
            val idle = client(server).connect()
            val greedy = List(7) { async { client(server).connect { it.send(million) } } }
            delay(1.seconds)
            val before = read.values.sum()
            delay(20.seconds)
            (read.values.sum() - before) shouldBeInRange 1_900_000..2_100_000
            val mean = read.values.sum() / 7
            read.values.forEach { it shouldBeInRange mean * 95 / 100..mean * 105 / 100 }
            server.reload(server.options.toBuilder().apply { totalReadRate = 1_000_000 }.build()) shouldBe emptyList()
            val start = elapsed
            val left = 7 * million - read.values.sum()
            greedy.awaitAll()
            server.connectionCount.first { it == 1 }
            elapsed - start shouldBeAbout (left / 1_000_000.0).seconds
            idle.close()
            server.shutdown()
        }
    }

    "nobody gets more than he may, though there is more for all" {
        virtualTime {
            val options = ServerOptions {
                totalWriteRate = 100_000
                writeRate = 30_000
            }
            val server = server(options).start(this) { it.send(300_000) }
            val start = elapsed
            client(server).connect { it.readAll() } shouldBe 300_000
            elapsed - start shouldBeAbout 10.seconds
            val together = elapsed
            List(10) { async { client(server).connect { it.readAll() } } }.awaitAll().sum() shouldBe 3 * million
            elapsed - together shouldBeAbout 30.seconds
            server.shutdown()
        }
    }

    "no timeout fires because we hold a connection back" {
        virtualTime {
            val options = ServerOptions {
                totalReadRate = 1_000
                totalWriteRate = 1_000
                readTimeout = 300.milliseconds
                writeTimeout = 300.milliseconds
                idleTimeout = 400.milliseconds
            }
            val server = server(options).start(this) { it.write(ByteBuffer.wrap(it.readExactly(200))) }
            List(30) {
                async {
                    client(server).connect { connection ->
                        connection.write(ByteBuffer.allocate(200))
                        connection.readExactly(200).size
                    }
                }
            }.awaitAll().sum() shouldBe 6_000
            elapsed shouldBeGreaterThan 5.seconds
            server.shutdown()
        }
    }

    "timeouts fire because of peers all the same" {
        virtualTime {
            val failures = mutableListOf<Pair<Throwable?, Duration>>()
            val options = ServerOptions {
                writeRate = 32 * 1024
                readRate = 1_000
                writeTimeout = 3.seconds
                readTimeout = 2.seconds
            }
            var began = Duration.ZERO
            val server = server(options).start(this) { connection ->
                began = elapsed
                failures += runCatching { connection.readAll() }.exceptionOrNull() to elapsed - began
                began = elapsed
                failures += runCatching { connection.write(ByteBuffer.allocate(million)) }.exceptionOrNull() to elapsed - began
            }
            client(server).connect {
                it.write(ByteBuffer.allocate(10_000))
                delay(1.minutes)
            }
            // The bytes take ten seconds; the kernel's place for 64 KiB is full after two.
            failures.map { it.first!!::class } shouldBe listOf(ReadTimeout::class, WriteTimeout::class)
            failures[0].second shouldBeAbout 12.seconds
            failures[1].second shouldBeAbout 5.seconds
            var reason: CloseReason? = null
            val idle = server(
                ServerOptions {
                    readRate = 1_000
                    idleTimeout = 2.seconds
                },
            ).start(this) { connection ->
                began = elapsed
                failures += runCatching { connection.readAll() }.exceptionOrNull() to elapsed - began
                reason = connection.closeReason
            }
            client(idle).connect {
                it.write(ByteBuffer.allocate(5_000))
                it.awaitClosedByPeer()
            }
            idle.shutdown()
            failures[2].first!!::class shouldBe IdleTimeout::class
            failures[2].second shouldBeAbout 7.seconds
            (reason as CloseReason.Timeout).cause::class shouldBe IdleTimeout::class
            server.shutdown()
        }
    }

    "who is held back can be cancelled and closed, and leaves nothing behind" {
        virtualTime {
            val timers = TimersInUse(loop)
            val held = CompletableDeferred<Connection>()
            val definition = Memory.server(timers, ServerOptions { readRate = 10 }, "held")
            val server = definition.start(this) { connection ->
                held.complete(connection)
                connection.awaitClosed()
            }
            val peer = Memory.client("held", loop).connect()
            peer.write(bytes("0123456789"))
            val connection = held.await()
            val text = StringBuilder()
            val one = ByteBuffer.allocate(1)
            while (text.length < 4) {
                withTimeoutOrNull(10.milliseconds) {
                    connection.read(one.clear())
                    text.append(one.get(0).toInt().toChar())
                }
            }
            text.toString() shouldBe "0123"
            timers.live shouldBe 0
            val reading = launch { shouldThrow<ConnectionClosed> { connection.readExactly(6) } }
            delay(1.milliseconds)
            timers.live shouldBe 1
            val start = elapsed
            connection.close()
            reading.join()
            elapsed shouldBe start
            timers.live shouldBe 0
            peer.close()
            server.shutdown()
        }
    }

    "a write that is held back is aborted when it is cancelled, and ends when it is closed" {
        virtualTime {
            val server = server().start(this) { it.readAll() }
            val options = ClientOptions { writeRate = 1_000 }
            val one = client(server, options).connect()
            val writing = launch { one.write(ByteBuffer.allocate(10_000)) }
            delay(1.seconds)
            writing.cancelAndJoin()
            one.isOpen shouldBe false
            val other = client(server, options).connect()
            val failing = async { shouldThrow<ConnectionClosed> { other.write(ByteBuffer.allocate(10_000)) } }
            delay(1.seconds)
            val start = elapsed
            other.close()
            failing.await()
            elapsed shouldBe start
            server.shutdown()
        }
    }

    "what has arrived is read before a drain ends the input" {
        virtualTime {
            val read = CompletableDeferred<Int>()
            val options = ServerOptions {
                readRate = 100
                onDrain = OnDrain.EndInput
            }
            val server = server(options).start(this) { read.complete(it.readAll()) }
            val client = client(server).connect()
            client.write(ByteBuffer.allocate(5_000))
            delay(1.seconds)
            val start = elapsed
            server.shutdown() shouldBe ShutdownReport(drained = 1, cut = 0)
            read.await() shouldBe 5_000
            (elapsed - start) shouldBeLessThan 1.seconds
            client.close()
        }
    }

    "it is told once that a connection is held back, listed while it is, and counted" {
        virtualTime {
            val server = server(ServerOptions { writeRate = 10_000 }).start(this) { connection ->
                repeat(2) {
                    connection.write(ByteBuffer.allocate(100_000))
                    delay(1.minutes)
                }
                awaitCancellation()
            }
            val told = mutableListOf<Direction>()
            val watch = launch(start = UNDISPATCHED) {
                server.events.collect { if (it is ConnectionEvent.Throttled) told += it.direction }
            }
            val free = client(server).connect()
            val reading = launch { runCatching { free.readAll() } }
            delay(1.milliseconds)
            server.connections.single().readRate shouldBe 0.0
            delay(5.seconds)
            val info = server.connections.single()
            info.throttled shouldBe true
            "$info".endsWith(", throttled") shouldBe true
            info.writeRate.shouldBeBetween(9_500.0, 10_500.0, 0.0)
            delay(2.seconds)
            server.connections.single().writeRate.shouldBeBetween(9_500.0, 10_500.0, 0.0)
            delay(20.seconds)
            server.connections.single().throttled shouldBe false
            delay(5.seconds)
            server.connections.single().writeRate shouldBe 0.0
            told shouldBe listOf(Direction.Output)
            delay(1.minutes)
            told shouldBe listOf(Direction.Output, Direction.Output)
            val time = server.totals.throttledTime.toKotlinDuration()
            (time in 18.seconds..20.seconds) shouldBe true
            server.totals.throttled shouldBe 1
            server.close()
            server.awaitClosed()
            server.totals.throttled shouldBe 1
            server.totals.throttledTime.toKotlinDuration() shouldBe time
            server.totals.bytesWritten shouldBeInRange 200_000L..200_000L
            reading.join()
            watch.join()
        }
    }

    "files are sent as fast as they may be" {
        val bytes = Random(7).nextBytes(600_000)
        val file = Files.createTempFile("throttled", null)
        try {
            Files.write(file, bytes)
            coroutineScope {
                Memory.server(ServerOptions { writeRate = 3 * million.toLong() }).start(this) { it.sendFile(file) }.use { server ->
                    val start = TimeSource.Monotonic.markNow()
                    Memory.client(server).connect { it.readExactly(bytes.size) }.contentEquals(bytes) shouldBe true
                    start.elapsedNow() shouldBeGreaterThan 90.milliseconds
                }
            }
        } finally {
            Files.delete(file)
        }
    }

    "a handshake on a live connection is neither held back nor counted, and what its layer says at the end is not held back" {
        virtualTime {
            val options = ServerOptions {
                readRate = 10
                writeRate = 10
                totalReadRate = 20
                totalWriteRate = 20
            }
            val server = server(options).start(this) { connection ->
                val inner = connection.upgrade(ClosingWords.layer(asClient = false))
                inner.readLine()
                inner.write(bytes("bye\n"))
            }
            val start = elapsed
            client(server).connect { connection ->
                val upgraded = connection.upgrade(ClosingWords.layer(asClient = true))
                elapsed - start shouldBe Duration.ZERO
                upgraded.writeLine("x")
                upgraded.readLine() shouldBe "bye"
                upgraded.readAll() shouldBe ClosingWords.BYTES
            }
            (elapsed - start) shouldBeLessThan 2.seconds
            server.shutdown()
        }
    }

    "rates cost nothing where there are none" {
        virtualTime {
            val streams = mutableListOf<String?>()
            val server = server().start(this) { streams += it.transport::class.simpleName }
            client(server).connect {
                streams += it.transport::class.simpleName
                it.readAll()
            }
            server.shutdown()
            streams shouldBe listOf("MemoryStream", "MemoryStream")
            server.totals.throttled shouldBe 0
        }
    }
})

/** Says much at its beginning, and at its end, as encryption does. */
private class ClosingWords(private val inner: RawStream) : RawStream by inner {
    private var isEnding = false
    private val words = ByteBuffer.allocate(BYTES)

    override fun flush(): Boolean {
        if (isEnding) inner.write(words)
        return !isEnding || !words.hasRemaining()
    }

    override suspend fun shutdownOutput() {
        isEnding = true
        while (!flush()) inner.awaitWritable()
        inner.shutdownOutput()
    }

    companion object {
        const val BYTES = 5_000

        fun layer(asClient: Boolean) = Layer { inner ->
            suspend fun say() {
                val words = ByteBuffer.allocate(BYTES)
                while (words.hasRemaining()) if (inner.write(words) == 0) inner.awaitWritable()
            }
            suspend fun hear() {
                val words = ByteBuffer.allocate(BYTES)
                while (words.hasRemaining()) if (inner.read(words) == 0) inner.awaitReadable()
            }
            if (asClient) say() else hear()
            if (asClient) hear() else say()
            ClosingWords(inner)
        }
    }
}

private suspend fun Connection.awaitClosedByPeer() {
    while (readLine() != null) Unit
}

/** Counts the timers of [loop] that have neither fired nor been disposed of. */
private class TimersInUse(private val loop: ManualLoop) : Loop by loop {
    var live = 0
        private set

    override fun schedule(after: Duration, action: Runnable): DisposableHandle {
        var isLive = true
        fun end() {
            if (isLive) live--
            isLive = false
        }
        live++
        val timer = loop.schedule(after) { end().also { action.run() } }
        return DisposableHandle { end().also { timer.dispose() } }
    }
}
