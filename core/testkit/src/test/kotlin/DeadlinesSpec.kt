@file:OptIn(TransportApi::class, ExperimentalCoroutinesApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.ConnectTimeout
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.ExchangeTimeout
import io.hawser.HandshakeTimeout
import io.hawser.IdleTimeout
import io.hawser.ReadTimeout
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.ShutdownReport
import io.hawser.StreamClient
import io.hawser.WhenFull
import io.hawser.WriteTimeout
import io.hawser.copyTo
import io.hawser.transport.Layer
import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/** When timeouts fire, to the instant, on a clock of our own. */
class DeadlinesSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "an idle connection is closed when nothing has moved in either direction for as long" {
        onVirtualTime {
            val (near, far) = connected(ClientOptions { idleTimeout = 60.seconds })
            val ended = timing { near.readLine() }
            loop.advanceBy(40.seconds)
            near.writing("out")
            loop.advanceBy(50.seconds)
            far.writing("in")
            loop.advanceBy(59.999.seconds)
            near.isOpen shouldBe true
            loop.advanceBy(10.minutes)
            ended.await() shouldBe (150.seconds to IdleTimeout::class)
            far.isOpen shouldBe true
        }
    }

    "a read timeout counts from the beginning of each wait" {
        onVirtualTime {
            val (near, far) = connected(ClientOptions { readTimeout = 30.seconds })
            loop.advanceBy(100.seconds)
            val line = timing { near.readLine() }
            repeat(3) {
                loop.advanceBy(20.seconds)
                far.writing("a")
            }
            loop.advanceBy(29.999.seconds)
            line.isCompleted shouldBe false
            loop.advanceBy(1.seconds)
            line.await() shouldBe (190.seconds to ReadTimeout::class)
            val again = timing { near.readLine() }
            loop.advanceBy(29.seconds)
            far.writing("\n")
            loop.runUntilIdle()
            again.await() shouldBe (loop.elapsed to "aaa")
            val third = timing { near.awaitReadable() }
            loop.advanceBy(5.minutes)
            third.await().second shouldBe ReadTimeout::class
            near.isOpen shouldBe true
        }
    }

    "a write timeout counts from the last byte that the peer took" {
        onVirtualTime {
            val (near, far) = connected(ClientOptions { writeTimeout = 10.seconds })
            val written = timing { near.write(ByteBuffer.allocate(200_000)) }
            repeat(2) {
                loop.advanceBy(9.seconds)
                scope.launch { far.readExactly(1) }
            }
            loop.advanceBy(9.999.seconds)
            written.isCompleted shouldBe false
            loop.advanceBy(1.minutes)
            written.await() shouldBe (28.seconds to WriteTimeout::class)
            near.isOpen shouldBe false
        }
    }

    "a connection needs a timer per deadline at most, however much goes over it" {
        onVirtualTime {
            val scheduled = CountingLoop(loop)
            val (one, other) = Memory.server(scheduled, ServerOptions { idleTimeout = 60.seconds }, "counted").let { definition ->
                val accepted = scope.async { definition.start(scope) { connection -> connection.copyTo(connection) } }
                loop.runUntilIdle()
                accepted.await() to scope.async { Memory.client("counted", loop).connect() }.also { loop.runUntilIdle() }.await()
            }
            val before = scheduled.count
            scope.launch {
                repeat(10_000) {
                    other.writeLine("x")
                    other.readLine()
                    delay(10.milliseconds)
                }
            }
            loop.advanceBy(100.seconds)
            (scheduled.count - before) shouldBeLessThan 5
            loop.advanceBy(60.seconds)
            one.connectionCount.value shouldBe 0
        }
    }

    "connecting, shaking hands and a whole exchange take no longer than they may" {
        onVirtualTime {
            val stuck = Layer { awaitCancellation() }
            val server = serving(ServerOptions { backlog = 1 }) { awaitCancellation() }
            timing { client(server, ClientOptions { handshakeTimeout = 7.seconds }).through(stuck).connect() }
                .also { loop.advanceBy(1.minutes) }.await() shouldBe (7.seconds to HandshakeTimeout::class)
            val exchange = timing { client(server).once(ByteArray(1), timeout = 3.seconds) { it.readLine() } }
            loop.advanceBy(1.minutes)
            exchange.await() shouldBe (63.seconds to ExchangeTimeout::class)
            // Nobody accepts any more: one waits in the backlog, and the next cannot even connect.
            server.stopAccepting()
        }
        onVirtualTime {
            val paused = serving(
                ServerOptions {
                    backlog = 1
                    maxConnections = 1
                    whenFull = WhenFull.Pause
                },
            ) { awaitCancellation() }
            val first = scope.async { listOf(client(paused).connect(), client(paused).connect()) }
            loop.runUntilIdle()
            val third = timing { client(paused, ClientOptions { connectTimeout = 4.seconds }).connect() }
            loop.advanceBy(1.minutes)
            third.await() shouldBe (4.seconds to ConnectTimeout::class)
            first.await().forEach(Connection::close)
        }
    }

    "a server accepts at its rate, and as many at once as it may in a second" {
        onVirtualTime {
            val accepted = mutableListOf<Duration>()
            val server = serving(ServerOptions { acceptRate = 4 }) { accepted += loop.elapsed }
            loop.advanceBy(10.seconds)
            repeat(8) { scope.launch { client(server).connect().close() } }
            loop.advanceBy(5.seconds)
            accepted.map { it - 10.seconds } shouldBe
                listOf(0, 0, 0, 0, 250, 500, 750, 1000).map { it.milliseconds }
        }
    }

    "what has not drained when the grace is over is cut then" {
        onVirtualTime {
            val server = serving { awaitCancellation() }
            val connection = scope.async { client(server).connect() }
            loop.runUntilIdle()
            val report = timing { server.shutdown() }
            loop.advanceBy(24.999.seconds)
            report.isCompleted shouldBe false
            loop.advanceBy(1.seconds)
            report.await() shouldBe (25.seconds to ShutdownReport(drained = 0, cut = 1))
            connection.await().close()
        }
    }

    "a handler's peer has half a second to end after it" {
        onVirtualTime {
            val server = serving { it.writeLine("done") }
            val connection = scope.async { client(server).connect() }
            loop.runUntilIdle()
            loop.advanceBy(499.milliseconds)
            server.connectionCount.value shouldBe 1
            loop.advanceBy(1.milliseconds)
            server.connectionCount.value shouldBe 0
            connection.await().close()
        }
    }
})

/** A loop, and who lives on it. */
private class Driven {
    val loop = ManualLoop()
    val scope = CoroutineScope(loop.dispatcher + Job())

    fun serving(options: ServerOptions = ServerOptions(), handler: suspend CoroutineScope.(Connection) -> Unit): RunningServer {
        val server = scope.async { Memory.server(loop, options).start(scope, handler) }
        loop.runUntilIdle()
        return server.getCompleted()
    }

    fun client(server: RunningServer, options: ClientOptions = ClientOptions()): StreamClient =
        Memory.client((server.endpoint as Endpoint.Local).name, loop, options)

    /** The two ends of a connection whose client has [options]. */
    fun connected(options: ClientOptions): Pair<Connection, Connection> {
        var far: Connection? = null
        val server = serving {
            far = it
            awaitCancellation()
        }
        val near = scope.async { client(server, options).connect() }
        loop.runUntilIdle()
        return near.getCompleted() to checkNotNull(far)
    }

    /** When [call] ended, and with what: its result, or the type of its failure. */
    fun timing(call: suspend () -> Any?): Deferred<Pair<Duration, Any?>> {
        val timed = scope.async {
            val result = runCatching { call() }
            loop.elapsed to result.fold({ it }, { it::class })
        }
        loop.runUntilIdle()
        return timed
    }

    fun Connection.writing(text: String) {
        scope.launch { write(bytes(text)) }
        loop.runUntilIdle()
    }
}

private suspend fun onVirtualTime(block: suspend Driven.() -> Unit) {
    val time = Driven()
    try {
        time.block()
    } finally {
        time.scope.cancel()
        time.loop.advanceBy(1.seconds)
    }
}

/** Counts the timers that are made on [loop]. */
private class CountingLoop(private val loop: ManualLoop) : Loop by loop {
    var count = 0
        private set

    override fun schedule(after: Duration, action: Runnable): DisposableHandle {
        count++
        return loop.schedule(after, action)
    }
}
