@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.Admission
import io.hawser.Connection
import io.hawser.DatagramServerOptions
import io.hawser.OnDrain
import io.hawser.ServerOptions
import io.hawser.ShutdownReport
import io.hawser.StreamClient
import io.hawser.WhenFull
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.event.DatagramEvent
import io.hawser.event.DropReason
import io.hawser.event.Refusal
import io.hawser.event.ServerEvent
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** Servers whose options are replaced while they run. */
class ReloadSpec : StringSpec({
    extension(LeakCheck)

    fun pausing(limit: Int) = ServerOptions {
        maxConnections = limit
        whenFull = WhenFull.Pause
    }

    suspend fun StreamClient.isGreeted() = connect().use { it.readLine() } == "hello"

    "who waits for a place comes in when the limit rises" {
        virtualTime {
            val server = server(pausing(1)).start(this) {
                it.writeLine("hello")
                it.copyTo(it)
            }
            val first = client(server).connect()
            val second = async { client(server).connect().apply { readLine() shouldBe "hello" } }
            delay(1.minutes)
            second.isCompleted shouldBe false
            server.reload(pausing(2)) shouldBe emptyList()
            server.options.maxConnections shouldBe 2
            second.await().close()
            first.close()
            server.shutdown()
        }
    }

    "a server that pauses has also him wait who comes when the limit has fallen" {
        virtualTime {
            val server = server(pausing(3)).start(this) {
                it.writeLine("hello")
                it.copyTo(it)
            }
            val there = List(2) { client(server).connect().apply { readLine() shouldBe "hello" } }
            server.reload(pausing(1))
            val next = async { client(server).isGreeted() }
            delay(1.minutes)
            there[0].close()
            delay(1.minutes)
            next.isCompleted shouldBe false
            there[1].close()
            next.await() shouldBe true
            server.totals.refused shouldBe 0
            server.shutdown()
        }
    }

    "whoever waits in vain for a server that stops is told" {
        virtualTime {
            val server = server(pausing(2)).start(this) {
                it.writeLine("hello")
                awaitCancellation()
            }
            client(server).connect().use { first ->
                first.readLine() shouldBe "hello"
                server.reload(pausing(1))
                val next = async { runCatching { client(server).isGreeted() }.getOrDefault(false) }
                delay(1.seconds)
                server.shutdown(grace = Duration.ZERO) shouldBe ShutdownReport(drained = 0, cut = 1)
                next.await() shouldBe false
            }
        }
    }

    "over a limit that has fallen a server refuses, and who is in stays" {
        virtualTime {
            val server = server().start(this) { it.copyTo(it) }
            val refused = async(start = UNDISPATCHED) { server.events.first { it is ServerEvent.Refused } as ServerEvent.Refused }
            val there = List(3) { client(server).connect().apply { shouldEcho() } }
            server.reload(ServerOptions { maxConnections = 2 })
            client(server).isGreeted() shouldBe false
            refused.await().reason shouldBe Refusal.TooManyConnections(2)
            there.forEach { it.shouldEcho() }
            there.take(2).forEach(Connection::close)
            server.connectionCount.first { it == 1 }
            client(server).connect().use { it.shouldEcho() }
            server.reload(ServerOptions { admission = Admission { false } })
            client(server).isGreeted() shouldBe false
            there.last().close()
            server.shutdown()
        }
    }

    "timeouts, contexts and what a drain does are those of the moment" {
        virtualTime {
            val server = server().start(this) {
                runCatching { it.writeLine("${currentCoroutineContext()[CoroutineName]?.name}") }
                awaitCancellation()
            }
            val old = client(server).connect()
            old.readLine()
            server.reload(
                ServerOptions {
                    idleTimeout = 1.minutes
                    handlerContext = CoroutineName("renamed")
                    onDrain = OnDrain.EndInput
                },
            ) shouldBe emptyList()
            client(server).connect().use {
                it.readLine() shouldBe "renamed"
                val start = elapsed
                it.readLine() shouldBe null
                elapsed - start shouldBe 1.minutes
            }
            delay(1.minutes)
            old.isOpen shouldBe true
            val drained = CompletableDeferred<String?>()
            val other = server(ServerOptions { onDrain = OnDrain.AwaitHandlers }).start(this) { drained.complete(it.readLine()) }
            client(other).connect().use {
                delay(1.seconds)
                other.reload(ServerOptions { onDrain = OnDrain.EndInput })
                other.shutdown() shouldBe ShutdownReport(drained = 1, cut = 0)
                drained.await() shouldBe null
            }
            old.close()
            server.shutdown(grace = Duration.ZERO)
        }
    }

    "the rate is that of the moment, and a reload that leaves it alone gives no tokens away" {
        virtualTime {
            val times = mutableListOf<Duration>()
            val server = server(ServerOptions { acceptRate = 2 }).start(this) { times += elapsed }
            repeat(4) { launch { client(server).connect().close() } }
            delay(10.milliseconds)
            server.reload(ServerOptions { acceptRate = 2 })
            delay(10.seconds)
            times shouldBe listOf(0, 0, 500, 1000).map { it.milliseconds }
            times.clear()
            server.reload(ServerOptions())
            repeat(20) { launch { client(server).connect().close() } }
            delay(1.seconds)
            times.size shouldBe 20
            server.shutdown()
        }
    }

    "a reload tells what counts from the next start on" {
        virtualTime {
            val server = server(ServerOptions { socket { sendBuffer = 4096 } }).start(this) {}
            server.reload(ServerOptions { socket { sendBuffer = 4096 } }) shouldBe emptyList()
            val other = ServerOptions {
                backlog = 10
                maxConnections = 3
                group = EventLoopGroup.shared
                onEvent { }
            }
            repeat(2) { server.reload(other) shouldBe listOf("backlog", "socket", "group", "listeners") }
            server.shutdown()
            server.reload(other)
            val layered = server().through(Layer { it }).start(this) {}
            layered.reload(ServerOptions { closeTimeout = 5.seconds }) shouldBe listOf("closeTimeout")
            layered.reload(ServerOptions()) shouldBe emptyList()
            layered.shutdown()
        }
    }

    "datagrams are handled by as many as the options of the moment say" {
        virtualTime {
            var most = 0
            var now = 0
            val server = datagramServer(DatagramServerOptions { concurrency = 1 }).start(this) {
                most = maxOf(most, ++now)
                delay(1.minutes)
                now--
            }
            val socket = datagramClient(server).open()
            repeat(12) { socket.send(ByteArray(1)) }
            delay(1.seconds)
            now shouldBe 1
            server.reload(DatagramServerOptions { concurrency = 5 }) shouldBe emptyList()
            delay(1.seconds)
            now shouldBe 5
            server.reload(DatagramServerOptions { concurrency = 2 })
            delay(1.minutes)
            now shouldBe 2
            delay(10.minutes)
            server.totals.handled shouldBe 12
            most shouldBe 5
            socket.close()
            server.shutdown()
        }
    }

    "the queue of datagrams, whose they are and how many replies they get, too" {
        virtualTime {
            val drops = mutableListOf<DropReason>()
            val server = datagramServer().start(this) { reply(it.bytes) }
            val watch = launch(start = UNDISPATCHED) {
                server.events.collect { if (it is DatagramEvent.Dropped) drops += it.reason }
            }
            val socket = datagramClient(server).open()
            server.reload(DatagramServerOptions { replyRate = 1 })
            repeat(2) { socket.send(ByteArray(1)) }
            delay(1.seconds)
            server.reload(DatagramServerOptions { admission = Admission { false } })
            socket.send(ByteArray(1))
            delay(1.seconds)
            drops.map { it::class } shouldBe listOf(DropReason.TooManyReplies::class, DropReason.NotAdmitted::class)
            server.reload(DatagramServerOptions { maxDatagramSize = 10 }) shouldBe listOf("maxDatagramSize")
            socket.close()
            server.shutdown()
            watch.join()
        }
    }
})

private suspend fun Connection.shouldEcho() {
    writeLine("echo")
    readLine() shouldBe "echo"
}
