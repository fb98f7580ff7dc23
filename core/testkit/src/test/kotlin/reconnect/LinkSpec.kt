package io.hawser.testkit.reconnect

import io.hawser.ConnectFailed
import io.hawser.ConnectTimeout
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.event.ConnectionEvent
import io.hawser.event.LinkEvent
import io.hawser.event.SocketEvent
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.LinkStopped
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.virtualTime
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** The states of a link, in virtual time. */
class LinkSpec : StringSpec({
    extension(LeakCheck)

    "waits twice as long after each failure, and connects when somebody listens" {
        virtualTime {
            val link = clientOf("late").reconnecting(LinkOptions { backoff = Backoff.exponential(1.seconds, ceiling = 4.seconds) })
            val states = statesOf(link)
            link.start(this) { awaitCancellation() }
            delay(12.seconds)
            val server = serverOn("late").start(this) { awaitCancellation() }
            link.awaitConnected()
            elapsed shouldBe 15.seconds
            link.close()
            link.join()
            states.map { (time, state) -> "$time ${state::class.simpleName}" } shouldContainExactly listOf(
                "0s Connecting", "0s Waiting", "1s Connecting", "1s Waiting", "3s Connecting", "3s Waiting", "7s Connecting", "7s Waiting",
                "11s Connecting", "11s Waiting", "15s Connecting", "15s Connected", "15s Stopped",
            )
            val waiting = states.map { it.second }.filterIsInstance<LinkState.Waiting>()
            waiting.map { it.attempt } shouldBe listOf(2, 3, 4, 5, 6)
            waiting.map { it.delay } shouldBe listOf(1, 2, 4, 4, 4).map { it.seconds }
            waiting.forEach { it.cause.shouldBeInstanceOf<ConnectFailed>() }
            server.close()
        }
    }

    "each session has a connection of its own, which is closed when it returns or fails" {
        virtualTime {
            val server = server().start(this) { connection -> connection.readLine() shouldBe null }
            val connections = mutableListOf<Connection>()
            val link = client(server).reconnecting(LinkOptions { backoff = Backoff.constant(1.seconds).upTo(3) })
            val failure = shouldThrow<IllegalStateException> {
                link.keep { connection ->
                    connections.lastOrNull()?.isOpen shouldBe (if (connections.isEmpty()) null else false)
                    connections += connection
                    if (connections.size % 2 == 0) error("mistake ${connections.size}")
                }
            }
            failure.message shouldBe "mistake 4"
            elapsed shouldBe 3.seconds
            connections.map { it.id }.distinct().size shouldBe 4
            link.state.value shouldBe LinkState.Stopped(failure)
            link.cause shouldBe failure
            server.shutdown()
        }
    }

    "what a session launched is awaited before the connection is closed" {
        virtualTime {
            val server = server().start(this) { connection -> connection.readLine() }
            val link = client(server).reconnecting(LinkOptions { backoff = Backoff.never })
            var wasOpen: Boolean? = null
            link.keep { connection ->
                launch {
                    delay(5.seconds)
                    wasOpen = connection.isOpen
                }
            }
            wasOpen shouldBe true
            server.shutdown()
        }
    }

    "who hangs up at once is as good as who refuses, until a session has lasted" {
        virtualTime {
            var served = 0
            val server = server().start(this) { if (++served > 4) delay(10.seconds) }
            val link = client(server).reconnecting(
                LinkOptions {
                    backoff = Backoff.exponential(1.seconds, ceiling = 1.minutes)
                    resetAfter = 10.seconds
                },
            )
            val begins = mutableListOf<Duration>()
            link.start(this) { connection ->
                begins += elapsed
                connection.readLine()
            }
            delay(3.minutes)
            begins.take(5) shouldBe listOf(0, 1, 3, 7, 15).map { it.seconds }
            begins.drop(4).zipWithNext { one, next -> next - one }.distinct() shouldBe listOf(11.seconds)
            link.shutdown(Duration.ZERO)
            server.shutdown(Duration.ZERO)
        }
    }

    "several clients are tried in turn" {
        virtualTime {
            val names = listOf("first", "second", "third")
            val link = names.map { clientOf(it) }.reconnecting(LinkOptions { backoff = Backoff.constant(1.seconds) })
            val servers = names.drop(1).map { name -> serverOn(name).start(this) { it.writeLine(name) } }
            val seen = mutableListOf<String>()
            link.start(this) { connection -> seen += "$elapsed ${connection.readLine()}" }
            delay(5.5.seconds)
            seen shouldBe listOf("1s second", "2s third", "4s second", "5s third")
            "$link" shouldBe "link to memory:first, memory:second, memory:third"
            link.close()
            servers.forEach { it.close() }
        }
    }

    "callers beside the session wait for a connection and use it" {
        virtualTime {
            val link = clientOf("beside").reconnecting(LinkOptions { backoff = Backoff.constant(1.seconds) })
            val early = async(start = UNDISPATCHED) { link.withConnection(1.minutes) { it.writeLine("early") } }
            link.start(this) { awaitCancellation() }
            val late = shouldThrow<ConnectTimeout> { link.withConnection(500.milliseconds) { } }
            late.message shouldBe "cannot connect to memory:beside: nobody answered within 500 ms"
            late.suppressed.single().shouldBeInstanceOf<ConnectFailed>().reason shouldBe ConnectFailed.Reason.Refused
            shouldThrow<ConnectTimeout> { link.withConnection(1.milliseconds) { } }.suppressed.size shouldBe 1
            val lines = mutableListOf<String>()
            val server = serverOn("beside").start(this) { connection -> connection.lines().collect { lines += it } }
            link.withConnection(2.seconds) { connection ->
                connection.writeLine("beside")
                "result"
            } shouldBe "result"
            early.await()
            link.awaitConnected().isOpen shouldBe true
            link.shutdown(Duration.ZERO)
            server.connectionCount.first { it == 0 }
            lines.sorted() shouldBe listOf("beside", "early")
            shouldThrow<LinkStopped> { link.awaitConnected() }.message shouldBe "the link to memory:beside has been stopped"
            shouldThrow<LinkStopped> { link.withConnection(1.seconds) { } }.cause shouldBe null
            server.close()
        }
    }

    "a caller beside the session meets the end of the connection in its own calls" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val link = client(server).reconnecting(LinkOptions { backoff = Backoff.never })
            val hangUp = Job()
            link.start(this) { hangUp.join() }
            val beside = async { runCatching { link.withConnection(1.seconds) { it.readLine() } } }
            delay(1.seconds)
            hangUp.complete()
            beside.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>()
            link.join()
            server.close()
        }
    }

    "events tell every state and every connection in order, and listeners of the client are told too" {
        virtualTime {
            val told = mutableListOf<SocketEvent>()
            val server = server().start(this) { connection -> connection.readLine() }
            val link = client(server).reconnecting(LinkOptions { backoff = Backoff.never })
            launch(start = UNDISPATCHED) { link.events.collect { told += it } }
            link.keep { it.shutdownOutput() }
            server.shutdown()
            told.map { if (it is LinkEvent.StateChanged) it.state::class.simpleName else it::class.simpleName } shouldContainExactly
                listOf("Connecting", "Dialing", "Opened", "Connected", "OutputClosed", "Closed", "Waiting", "Stopped")
            told.filterIsInstance<ConnectionEvent>().map { it.id }.distinct().size shouldBe 1
        }
    }

    "new options are those of the next attempt" {
        virtualTime {
            val link = clientOf("nobody").reconnecting(LinkOptions { backoff = Backoff.constant(10.seconds) })
            val states = statesOf(link)
            link.start(this) { }
            delay(1.seconds)
            link.reload(LinkOptions { backoff = Backoff.constant(1.seconds).upTo(3) })
            link.join()
            states.map { it.first } shouldBe listOf(0, 0, 10, 10, 11, 11, 12, 12).map { it.seconds }
        }
    }
})
