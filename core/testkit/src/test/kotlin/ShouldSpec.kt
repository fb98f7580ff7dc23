package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ServerOptions
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.launch

class ShouldSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    suspend fun failing(block: suspend () -> Unit): String? = shouldThrow<AssertionError> { block() }.message?.replace(name, "PEER")

    overMemory("bytes and lines that come are taken, and what is behind them stays") { near, far ->
        launch {
            far.write(bytes("hel"))
            delay(1.milliseconds)
            far.write(bytes("lo\nthere\n\u0000\u0001rest"))
        }
        near shouldReceive "hello\n"
        near shouldReceiveLine "there"
        near shouldReceive byteArrayOf(0, 1)
        near.readExactly(4).decodeToString() shouldBe "rest"
    }

    overMemory("what comes instead is shown at once") { near, far ->
        far.write(bytes("help!!"))
        failing { near shouldReceive "hello\n" } shouldBe "PEER should send \"hello\\n\", and at byte 3 is different: \"help!!\""
        far.write(ByteBuffer.wrap(byteArrayOf(0, -1)))
        failing { near shouldReceive byteArrayOf(0, 1) } shouldBe "PEER should send 00 01, and at byte 1 is different: 00 ff"
        far.writeLine("hullo")
        failing { near shouldReceiveLine "hello" } shouldBe "PEER should send the line \"hello\", and sent \"hullo\""
        far.write(ByteBuffer.allocate(300))
        failing { near shouldReceive ByteArray(300) { 1 } } shouldContain "… (300 bytes), and at byte 0 is different: 00 00"
    }

    overMemory("what does not come in time is missed, and what came is shown") { near, far ->
        far.write(bytes("hel"))
        failing { near.shouldReceive("hello", within = 10.milliseconds) } shouldBe
            "PEER should send \"hello\", and within 10ms sent \"hel\""
        failing { near.shouldReceive("hello", within = 10.milliseconds) } shouldBe
            "PEER should send \"hello\", and within 10ms sent nothing"
        far.write(bytes("half a l"))
        failing { near.shouldReceiveLine("line", within = 10.milliseconds) } shouldBe
            "PEER should send the line \"line\", and within 10ms sent \"half a l\""
    }

    overMemory("an end and a reset are told from what is expected") { near, far ->
        far.write(bytes("hel"))
        far.shutdownOutput()
        failing { near shouldReceive "hello" } shouldBe "PEER should send \"hello\", and ended after \"hel\""
        failing { near shouldReceiveLine "hello" } shouldBe "PEER should send the line \"hello\", and ended"
        failing { near.shouldReceiveNothing() } shouldBe "PEER should send nothing, and ended"
        near shouldBeClosedBy CloseReason.Peer
        failing { near shouldBeClosedBy CloseReason.Reset } shouldBe
            "the connection to PEER should be reset by the peer, and was: ended by the peer"
    }

    overMemory("a line that is cut off is shown") { near, far ->
        far.write(bytes("hel"))
        far.close()
        failing { near shouldReceiveLine "hello" } shouldStartWith "PEER should send the line \"hello\", and ended within a line"
    }

    overMemory("a reset is one for every expectation") { near, far ->
        far.abort()
        near shouldBeClosedBy CloseReason.Reset
        failing { near shouldReceive "hello" } shouldStartWith "PEER should send \"hello\", and failed ("
        failing { near shouldReceiveLine "hello" } shouldStartWith "PEER should send the line \"hello\", and failed: "
        failing { near.shouldReceiveNothing() } shouldStartWith "PEER should send nothing, and failed: "
    }

    overMemory("nothing is nothing, and something is not") { near, far ->
        near.shouldReceiveNothing(during = 10.milliseconds)
        far.writeLine("something")
        failing { near.shouldReceiveNothing() } shouldBe "PEER should send nothing, and sent \"something\\n\""
    }

    overMemory("a connection that goes on is not closed, nor one that says something first") { near, far ->
        failing { near.shouldBeClosedBy(CloseReason.Peer, within = 10.milliseconds) } shouldBe
            "the connection to PEER should be ended by the peer, and after 10ms is open"
        far.writeLine("wait")
        far.close()
        failing { near shouldBeClosedBy CloseReason.Peer } shouldBe
            "the connection to PEER should be ended by the peer, and sent \"wait\\n\""
    }

    "a close on this side is told while somebody else reads" {
        virtualTime {
            val atServer = CompletableDeferred<Connection>()
            val server = server(ServerOptions { idleTimeout = 5.minutes }).start(this) { connection ->
                atServer.complete(connection)
                connection.readLine()
            }
            client(server, ClientOptions { readTimeout = 1.minutes }).connect { connection ->
                atServer.await().shouldBeClosedBy<CloseReason.Timeout>(within = 6.minutes)
                connection.shouldBeClosedBy(CloseReason.Peer)
            }
            val kept = client(server).connect()
            launch { runCatching { kept.readLine() } }
            delay(1.seconds)
            kept.close()
            kept shouldBeClosedBy CloseReason.Local
            server.close()
        }
    }

    "a reason of another type is shown, and a read that times out ends nothing" {
        virtualTime {
            val server = server().start(this) {
                delay(5.minutes)
                it.abort()
            }
            client(server, ClientOptions { readTimeout = 1.minutes }).connect { connection ->
                shouldThrow<AssertionError> { connection.shouldBeClosedBy<CloseReason.Timeout>(within = 6.minutes) }.message shouldContain
                    "should end by a Timeout, and was: reset by the peer"
            }
            server.close()
        }
    }

    "a timeout of the connection's own does not end an expectation" {
        virtualTime {
            val server = server().start(this) {
                delay(2.minutes)
                it.writeLine("hello")
                delay(2.minutes)
                it.writeLine("there")
                awaitCancellation()
            }
            client(server, ClientOptions { readTimeout = 1.minutes }).connect { connection ->
                connection.shouldReceive("hello\n", within = 3.minutes)
                connection.shouldReceiveLine("there", within = 3.minutes)
                connection.shouldReceiveNothing(during = 3.minutes)
            }
            client(server, ClientOptions { readTimeout = 20.milliseconds }).connect { connection ->
                shouldThrow<AssertionError> { connection.shouldReceiveLine("hello", within = 10.milliseconds) }.message shouldContain
                    "should send the line \"hello\", and within 10ms sent nothing"
            }
            server.close()
        }
    }

    "an end that somebody else comes to is told" {
        virtualTime {
            val server = server().start(this) {
                delay(1.minutes)
                it.shutdownOutput()
                awaitCancellation()
            }
            client(server).connect { connection ->
                launch { connection.readLine() shouldBe null }
                delay(1.seconds)
                connection.shouldBeClosedBy(CloseReason.Peer, within = 2.minutes)
            }
            server.close()
        }
    }

    "datagrams are taken, shown and missed" {
        virtualTime {
            val server = datagramServer().start(this) { reply(it.bytes) }
            datagramClient(server).open { socket ->
                socket.send(bytes("hello"))
                socket shouldReceive "hello"
                socket.send(bytes("hullo"))
                shouldThrow<AssertionError> { socket shouldReceive "hello" }.message shouldContain
                    "should receive \"hello\", and received \"hullo\""
                shouldThrow<AssertionError> { socket shouldReceive "hello" }.message shouldContain
                    "should receive \"hello\", and within 5s received nothing"
                socket.shouldReceiveNothing()
                socket.send(bytes("hello"))
                shouldThrow<AssertionError> { socket.shouldReceiveNothing() }.message shouldContain
                    "should receive nothing, and received \"hello\""
            }
            server.close()
        }
    }

    "events are found whether they have been or come, and listed when they do not" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val events = server.events.recordIn(this)
            val connection = client(server).connect()
            val opened = events.first<ConnectionEvent.Opened>(within = 1.seconds)
            events.first<ConnectionEvent.Opened>(within = 1.seconds) shouldBe opened
            launch {
                delay(30.minutes)
                connection.writeLine("there")
                connection.close()
                server.close()
            }
            shouldThrow<AssertionError> { events.first<ConnectionEvent.Closed>(within = 29.minutes) }.message.orEmpty().run {
                this shouldStartWith "no ConnectionEvent.Closed within 29m that matches; there were\n  Opened(id="
                this shouldContain "\n  HandlerStarted(id="
            }
            events.within(2.minutes) { it is ServerEvent.Stopped }
            events.first<ConnectionEvent.Closed>(within = 1.seconds) { it.reason == CloseReason.Local }
            events.clear()
            events.all shouldBe emptyList()
            "$events" shouldBe "no event"
        }
        virtualTime {
            val server = server().start(this) { }
            val client = client(server)
            val events = client.events.recordIn(this)
            client.connect { }
            events.first<ConnectionEvent.Closed>(within = 1.seconds)
            events.close()
            client.connect { }
            delay(1.seconds)
            events.all.count { it is ConnectionEvent.Closed } shouldBe 1
            server.close()
        }
    }

    "events that are no longer kept are counted" {
        virtualTime {
            val events = flow { repeat(4_098) { emit(ServerEvent.Stopped(MemoryAddress("$it"))) } }.recordIn(this)
            shouldThrow<AssertionError> { events.first<ConnectionEvent.Closed>(within = 1.seconds) }.message shouldStartWith
                "no ConnectionEvent.Closed within 1s that matches; there were, after 2 that were lost,\n  Stopped(address=2)\n"
        }
    }
}) {
    private companion object {
        val name = Regex("memory:(near|far)-[0-9]+")
    }
}
