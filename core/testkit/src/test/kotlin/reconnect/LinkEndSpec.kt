@file:OptIn(TransportApi::class)

package io.hawser.testkit.reconnect

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.Endpoint
import io.hawser.StreamClient
import io.hawser.UnsupportedTransport
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.Decision
import io.hawser.reconnect.DoNotReconnect
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.LinkStopped
import io.hawser.reconnect.ReconnectingClient
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.hawser.transport.Connector
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.InetSocketAddress
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** How a link ends, and what it says was the cause. */
class LinkEndSpec : StringSpec({
    extension(LeakCheck)

    // A new one each time, because what failed beside it is suppressed in it.
    fun lost() = IOException("lost")

    /** The cause that a link has in the end, with a server that waits for the end. */
    suspend fun VirtualTime.causeOf(
        options: LinkOptions.Builder.() -> Unit = {},
        session: suspend CoroutineScope.(Connection) -> Unit = { throw lost() },
    ): Throwable? {
        val server = server().start(this) { connection -> connection.readLine() }
        val link = client(server).reconnecting(
            LinkOptions {
                backoff = Backoff.constant(1.seconds)
                options()
            },
        )
        link.start(this, session).join()
        server.shutdown()
        val stopped = link.state.value as LinkState.Stopped
        link.cause shouldBe stopped.cause
        return stopped.cause
    }

    val plain = DoNotReconnect()
    val causes = mapOf<String, Pair<suspend VirtualTime.() -> Throwable?, Throwable?>>(
        "a session that wants no more" to Pair({ causeOf { throw plain } }, null),
        "a session that wants no more for a reason" to Pair({ causeOf { throw DoNotReconnect(cause = lost()) } }, lost()),
        "a request inside another failure" to Pair({ causeOf { throw IllegalStateException(DoNotReconnect(cause = lost())) } }, lost()),
        "a request beside another failure" to
            Pair({ causeOf { throw IOException("first").apply { addSuppressed(DoNotReconnect(cause = lost())) } } }, lost()),
        "onSocket that wants no more" to Pair({ causeOf({ onSocket { throw plain } }) }, null),
        "onConnect that wants no more" to Pair({ causeOf({ onConnect { throw DoNotReconnect(cause = lost()) } }) }, lost()),
        "onDisconnect that wants no more" to Pair({ causeOf({ onDisconnect { throw plain } }) }, null),
        "onError that wants no more" to Pair({ causeOf({ onError { throw plain } }) }, null),
        "onError that says stop" to Pair({ causeOf({ onError { Decision.Stop } }) }, lost()),
        "a policy that gives up" to Pair({ causeOf({ backoff = Backoff.never }) }, lost()),
        "a policy that gives up on a session that returned" to Pair({ causeOf({ backoff = Backoff.never }) { } }, null),
        "a policy that fails" to Pair({ causeOf({ backoff = Backoff { _, _ -> throw lost() } }) { error("mine") } }, lost()),
        "a policy that wants no more" to Pair({ causeOf({ backoff = Backoff { _, _ -> throw plain } }) }, null),
    )
    for ((what, row) in causes) {
        "$what is the end" {
            val cause = virtualTime { row.first(this) }
            // A copy with another stack, where coroutines recover stacks.
            cause?.run { javaClass to message } shouldBe row.second?.run { javaClass to message }
        }
    }

    "what this platform has not got is not asked for again" {
        virtualTime {
            val absent = UnsupportedTransport(Endpoint.parse("unix:@name"), UnsupportedOperationException("no such family"))
            val client = StreamClient(absent.endpoint, ClientOptions(), Connector(InetSocketAddress(1)) { _, _ -> throw absent })
            shouldThrow<UnsupportedTransport> { client.reconnecting().keep { } } shouldBe absent
            elapsed shouldBe Duration.ZERO
        }
    }

    "what one client's platform has not got may be had from another" {
        virtualTime {
            val absent = UnsupportedTransport(Endpoint.parse("unix:@name"), UnsupportedOperationException("no such family"))
            val never = StreamClient(absent.endpoint, ClientOptions(), Connector(InetSocketAddress(1)) { _, _ -> throw absent })
            val server = server().start(this) { it.readLine() }
            val link = listOf(never, client(server)).reconnecting(LinkOptions { backoff = Backoff.immediate })
            link.start(this) { throw DoNotReconnect("found") }.join()
            link.cause shouldBe null
            val asked = mutableListOf<Throwable>()
            val both = listOf(never, never).reconnecting(
                LinkOptions {
                    backoff = Backoff.immediate
                    onError {
                        asked += it
                        Decision.Retry
                    }
                },
            )
            both.start(this) { }.join()
            both.cause shouldBe absent
            asked shouldBe listOf(absent, absent)
            server.close()
        }
    }

    "a cancellation that a session made up does not look like the caller's" {
        virtualTime {
            val server = server().start(this) { it.readLine() }
            val made = CancellationException("made up")
            val link = client(server).reconnecting(LinkOptions { backoff = Backoff.never })
            val failure = shouldThrow<LinkStopped> { link.keep { throw made } }
            failure.message shouldBe "the link to ${server.endpoint} has given up: made up"
            server.close()
        }
    }

    "the first reason is the cause, whatever comes after it" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val parent = CoroutineScope(coroutineContext + Job())
            val link = client(server).reconnecting().start(parent) { awaitCancellation() }
            link.awaitConnected()
            val lost = lost()
            parent.cancel(CancellationException("the parent's", lost))
            link.close()
            link.join()
            link.cause shouldBe lost

            val closed = client(server).reconnecting()
            closed.start(this) {
                closed.close()
                throw lost()
            }.join()
            closed.cause shouldBe null
            server.close()
        }
    }

    "whoever is told to stop has no cause, however often" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val link = client(server).reconnecting().start(this) { awaitCancellation() }
            link.awaitConnected()
            link.close()
            link.close()
            link.shutdown(1.minutes)
            link.state.value shouldBe LinkState.Stopped(null)
            shouldThrow<LinkStopped> { link.send(byteArrayOf(1)) }
            server.close()
        }
    }

    "a cancelled parent's cause is the link's, and not the cancellation" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val lost = lost()
            for (session in listOf<
                suspend CoroutineScope.(
                    Connection,
                ) -> Unit,
                >({ awaitCancellation() }, { it.readLine() }, { delay(1.seconds) })) {
                val parent = CoroutineScope(coroutineContext + Job())
                val link = client(server).reconnecting().start(parent, session)
                link.awaitConnected()
                parent.cancel(CancellationException("the parent's", lost))
                link.join()
                link.cause shouldBe lost
            }
            val parent = CoroutineScope(coroutineContext + Job())
            val link = client(server).reconnecting().start(parent) { awaitCancellation() }
            parent.cancel(CancellationException("no reason"))
            link.join()
            link.cause.shouldBeInstanceOf<CancellationException>().message shouldBe "no reason"
            server.close()
        }
    }

    "a deadline around keep is the caller's cancellation" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val link = client(server).reconnecting()
            val late = runCatching { withTimeout(3.seconds) { link.keep { awaitCancellation() } } }.exceptionOrNull()
            late.shouldBeInstanceOf<CancellationException>()
            elapsed shouldBe 3.seconds
            link.state.value.shouldBeInstanceOf<LinkState.Stopped>()
            server.close()
        }
    }

    "it runs once, and not after its end" {
        virtualTime {
            val link = clientOf("nobody").reconnecting(LinkOptions { backoff = Backoff.constant(1.seconds) })
            link.state.value shouldBe LinkState.Idle
            link.start(this) { }
            shouldThrow<IllegalStateException> { link.start(this) { } }.message shouldBe "link to memory:nobody has been started before"
            link.close()
            link.join()
            shouldThrow<IllegalStateException> { link.start(this) { } }.message shouldBe "link to memory:nobody has been stopped"
            val never = clientOf("nobody").reconnecting()
            never.close()
            never.state.value shouldBe LinkState.Stopped(null)
            never.join()
            shouldThrow<IllegalStateException> { never.start(this) { } }.message shouldBe "link to memory:nobody has been stopped"
            val ended = CoroutineScope(Job().apply { complete() })
            shouldThrow<IllegalStateException> { clientOf("nobody").reconnecting().start(ended) { } }.message shouldBe
                "the scope that link to memory:nobody was to run in has ended"
        }
    }

    "a shutdown lets the session finish, which can know of it" {
        virtualTime {
            val server = server().start(this) { connection -> connection.lines().collect { } }
            val link = client(server).reconnecting().start(this) { connection ->
                connection.draining.first { it }
                delay(5.seconds)
                connection.writeLine("bye")
            }
            link.awaitConnected()
            link.shutdown(grace = 10.seconds)
            elapsed shouldBe 5.seconds
            link.cause shouldBe null
            server.shutdown()
        }
    }

    "a session that is parked in a read ends with the grace" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val end = CompletableDeferred<Throwable?>()
            val link = client(server).reconnecting().start(this) { connection ->
                end.complete(runCatching { connection.readLine() }.exceptionOrNull())
            }
            link.awaitConnected()
            val patient = launch { link.shutdown(grace = 1.minutes) }
            link.shutdown(grace = 3.seconds)
            elapsed shouldBe 3.seconds
            patient.join()
            end.await().let { it is ConnectionClosed || it is CancellationException } shouldBe true
            link.cause shouldBe null
            server.close()
        }
    }

    "a shutdown does not wait for whom nobody has met yet" {
        virtualTime {
            suspend fun stop(link: ReconnectingClient, state: (LinkState) -> Boolean) {
                link.start(this) { error("never here") }
                link.state.first(state)
                val before = elapsed
                link.shutdown(grace = 1.minutes)
                elapsed shouldBe before
                link.state.value shouldBe LinkState.Stopped(null)
            }
            val silent =
                StreamClient(
                    Endpoint.parse("tcp://silent:1"),
                    ClientOptions(),
                    Connector(InetSocketAddress(1)) { _, _ ->
                        awaitCancellation()
                    },
                )
            stop(silent.reconnecting()) { it is LinkState.Connecting }
            stop(clientOf("nobody").reconnecting(LinkOptions { backoff = Backoff.constant(1.minutes) })) { it is LinkState.Waiting }
            val server = server().start(this) { awaitCancellation() }
            stop(client(server).reconnecting(LinkOptions { onSocket { awaitCancellation() } })) { it is LinkState.Connecting }
            stop(client(server).reconnecting(LinkOptions { onConnect { awaitCancellation() } })) { it is LinkState.Connecting }
            stop(clientOf("nobody").reconnecting(LinkOptions { onError { awaitCancellation() } })) { it is LinkState.Waiting }
            stop(clientOf("nobody").reconnecting(LinkOptions { backoff = Backoff { _, _ -> awaitCancellation() } })) {
                it is LinkState.Waiting
            }
            server.close()
        }
    }

    "many may stop it at once, and all of them wait for the same end" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            val link = client(server).reconnecting().start(this) { it.readLine() }
            link.awaitConnected()
            List(10) { i -> launch { if (i % 2 == 0) link.shutdown(5.seconds) else link.join() } }.joinAll()
            elapsed shouldBe 5.seconds
            server.close()
        }
    }

    "a session may stop its own link" {
        virtualTime {
            val server = server().start(this) { awaitCancellation() }
            lateinit var link: ReconnectingClient
            link = client(server).reconnecting()
            link.start(this) { link.close() }.join()
            link.cause shouldBe null
            lateinit var other: ReconnectingClient
            other = client(server).reconnecting()
            other.start(this) { other.shutdown(2.seconds) }.join()
            elapsed shouldBe 2.seconds
            other.cause shouldBe null
            server.close()
        }
    }

    "nobody is there: the failure says who and why" {
        virtualTime {
            val failing = async { runCatching { clientOf("nobody").reconnecting(LinkOptions { backoff = Backoff.never }).keep { } } }
            failing.await().exceptionOrNull().shouldBeInstanceOf<ConnectFailed>().reason shouldBe ConnectFailed.Reason.Refused
        }
    }
})
