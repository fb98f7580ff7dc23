@file:OptIn(TransportApi::class)

package io.hawser.testkit.reconnect

import io.hawser.ClientOptions
import io.hawser.ConnectTimeout
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.HandshakeTimeout
import io.hawser.ReadTimeout
import io.hawser.SocketOptions
import io.hawser.StreamClient
import io.hawser.WriteTimeout
import io.hawser.event.LinkEvent
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.Decision
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.VirtualTime
import io.hawser.testkit.virtualTime
import io.hawser.transport.Connector
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** The hooks of a link, their order and their failures, and what it does with timeouts and socket options. */
class LinkHooksSpec : StringSpec({
    extension(LeakCheck)

    /** Runs a link to a server that waits for the end, until it gives up, and returns what its hooks and its session did. */
    suspend fun VirtualTime.logOf(
        failing: String? = null,
        failure: Throwable = IOException("in $failing"),
        decision: Decision = Decision.Stop,
        session: suspend (Connection) -> Unit = {},
    ): List<String> {
        val log = mutableListOf<String>()
        fun enter(name: String, detail: String = "") {
            log += name + detail
            if (name == failing) throw failure
        }
        val server = server().start(this) { connection -> connection.readLine() }
        val link = client(server).reconnecting(
            LinkOptions {
                backoff = Backoff.immediate.upTo(1)
                onSocket { enter("onSocket") }
                onConnect { enter("onConnect", if (it.isOpen) "" else " closed") }
                onDisconnect { enter("onDisconnect", if (it.isOpen) " open" else "") }
                onError {
                    enter("onError", " ${it.message}")
                    decision
                }
            },
        )
        link.start(this) {
            enter("session")
            session(it)
        }
        link.join()
        log += "${(link.state.value as LinkState.Stopped).cause?.message}"
        server.shutdown()
        return log
    }

    "hooks come in their order, once per cycle" {
        virtualTime {
            val cycle = listOf("onSocket", "onConnect", "session", "onDisconnect")
            logOf() shouldContainExactly cycle + cycle + "null"
        }
    }

    val failures = mapOf(
        "onSocket" to listOf("onSocket", "onError in onSocket"),
        "onConnect" to listOf("onSocket", "onConnect", "onError in onConnect"),
        "session" to listOf("onSocket", "onConnect", "session", "onDisconnect", "onError in session"),
        "onDisconnect" to listOf(
            "onSocket",
            "onConnect",
            "session",
            "onDisconnect",
            "onError in onDisconnect",
        ),
    )
    for ((hook, steps) in failures) {
        "what $hook throws is for onError to decide, and nothing is left" {
            virtualTime {
                logOf(failing = hook) shouldContainExactly steps + "in $hook"
                logOf(failing = hook, decision = Decision.Retry) shouldContainExactly steps + steps + "in $hook"
                // Made up by the hook: nobody has cancelled the link.
                val cancelled = CancellationException("in $hook")
                logOf(failing = hook, failure = cancelled) shouldContainExactly steps + "in $hook"
                logOf(failing = hook, failure = StackOverflowError("in $hook")) shouldContainExactly steps + "in $hook"
            }
        }
    }

    "what onError throws stops the link" {
        virtualTime {
            val log = logOf(failing = "onError", session = { throw IOException("lost") })
            log shouldContainExactly
                listOf("onSocket", "onConnect", "session", "onDisconnect", "onError lost", "in onError")
        }
    }

    "a failure that onError has its own delay for" {
        virtualTime {
            val link = clientOf("nobody").reconnecting(
                LinkOptions {
                    backoff = Backoff.constant(1.seconds)
                    onError { if (elapsed >= 14.seconds) Decision.Stop else Decision.RetryAfter(7.seconds) }
                },
            )
            val states = statesOf(link)
            shouldThrow<IOException> { link.keep { } }
            states.map { it.first } shouldBe listOf(0, 0, 7, 7, 14, 14).map { it.seconds }
        }
    }

    "a hook that fails where nobody waits for it is an event" {
        virtualTime {
            val failed = mutableListOf<LinkEvent.HookFailed>()
            val server = server().start(this) { connection -> connection.readLine() }
            val link = client(server).reconnecting(LinkOptions { onDisconnect { throw IOException("too late") } })
            launch(start = UNDISPATCHED) { link.events.collect { if (it is LinkEvent.HookFailed) failed += it } }
            link.start(this) { awaitCancellation() }
            link.awaitConnected()
            link.close()
            link.join()
            link.cause shouldBe null
            server.shutdown()
            failed.single().run { "$endpoint $hook ${cause.message}" } shouldBe "${server.endpoint} onDisconnect too late"
        }
    }

    "a hook that hangs is cut by the handshake's timeout" {
        virtualTime {
            val server = server().start(this) { connection -> connection.readLine() }
            val stuck = LinkOptions {
                backoff = Backoff.never
                onConnect { awaitCancellation() }
            }
            val failure = shouldThrow<HandshakeTimeout> { client(server).reconnecting(stuck).keep { } }
            failure.message shouldBe "the handshake with ${server.endpoint} took longer than 2000 ms"
            elapsed shouldBe 2.seconds
            val stuckAtTheEnd = LinkOptions {
                backoff = Backoff.never
                onDisconnect { awaitCancellation() }
            }
            shouldThrow<HandshakeTimeout> { client(server).reconnecting(stuckAtTheEnd).keep { } }
            server.shutdown()
        }
    }

    "an onDisconnect without a timeout has ten seconds, also when the link is closed" {
        virtualTime {
            val server = server().start(this) { connection -> connection.readLine() }
            val link = client(server).reconnecting(
                LinkOptions {
                    handshakeTimeout = Duration.INFINITE
                    onDisconnect { awaitCancellation() }
                },
            )
            link.start(this) { awaitCancellation() }
            link.awaitConnected()
            link.close()
            link.join()
            elapsed shouldBe 10.seconds
            server.shutdown()
        }
    }

    "a failure that is thrown again and again gathers nothing" {
        virtualTime {
            val server = server().start(this) { connection -> connection.readLine() }
            val shared = IOException("shared")
            val link = client(server).reconnecting(
                LinkOptions {
                    backoff = Backoff.immediate.upTo(10)
                    onDisconnect { throw IOException("another") }
                },
            )
            link.start(this) { throw shared }.join()
            shared.suppressed.size shouldBe 0
            server.shutdown()
        }
    }

    "a hook's own timeout is a failure, and no cancellation" {
        virtualTime {
            val server = server().start(this) { connection -> connection.readLine() }
            val link = client(server).reconnecting(
                LinkOptions {
                    backoff = Backoff.never
                    onConnect { withTimeout(1.seconds) { it.readLine() } }
                },
            )
            link.start(this) { }.join()
            link.cause.shouldBeInstanceOf<CancellationException>().message.orEmpty() shouldContain "imed out waiting for 1000 ms"
            server.shutdown()
        }
    }

    "defaults of the client's options are the link's, and what somebody has set stays" {
        virtualTime {
            fun silent(options: ClientOptions) =
                StreamClient(Endpoint.parse("tcp://silent:1"), options, Connector(InetSocketAddress(1)) { _, _ -> awaitCancellation() })
            suspend fun timeout(client: ClientOptions, link: LinkOptions.Builder.() -> Unit = {}): Duration {
                val start = elapsed
                val options = LinkOptions {
                    backoff = Backoff.never
                    link()
                }
                shouldThrow<ConnectTimeout> { silent(client).reconnecting(options).keep { } }
                return elapsed - start
            }
            timeout(ClientOptions()) shouldBe 2.seconds
            timeout(ClientOptions()) { dialTimeout = 3.seconds } shouldBe 3.seconds
            timeout(ClientOptions { connectTimeout = 10.seconds }) shouldBe 10.seconds

            val server = server().start(this) { awaitCancellation() }
            suspend fun stuck(options: ClientOptions): Throwable? = runCatching {
                client(server, options).reconnecting(
                    LinkOptions {
                        backoff = Backoff.never
                    },
                ).keep { it.write(ByteBuffer.allocate(1 shl 20)) }
            }.exceptionOrNull()
            stuck(ClientOptions()).shouldBeInstanceOf<WriteTimeout>().timeout shouldBe java.time.Duration.ofSeconds(2)
            stuck(ClientOptions { writeTimeout = 7.seconds }).shouldBeInstanceOf<WriteTimeout>().timeout shouldBe
                java.time.Duration.ofSeconds(7)
            val reading = client(server, ClientOptions { readTimeout = 60.seconds }).reconnecting(LinkOptions { backoff = Backoff.never })
            shouldThrow<ReadTimeout> { reading.keep { it.readLine() } }.timeout shouldBe java.time.Duration.ofMinutes(1)
            server.close()
        }
    }

    "sockets of TCP are kept alive unless somebody has chosen otherwise, and onSocket has the last word" {
        virtualTime {
            suspend fun seen(
                endpoint: String,
                socket: SocketOptions = SocketOptions(),
                remote: SocketAddress = InetSocketAddress(1),
                link: LinkOptions.Builder.() -> Unit = {},
            ): SocketOptions {
                var seen: SocketOptions? = null
                val connector = Connector(remote) { options, _ ->
                    seen = options
                    throw IOException("enough")
                }
                val client = StreamClient(Endpoint.parse(endpoint), ClientOptions { this.socket = socket }, connector)
                val options = LinkOptions {
                    backoff = Backoff.never
                    link()
                }
                shouldThrow<IOException> { client.reconnecting(options).keep { } }.message shouldBe "enough"
                return checkNotNull(seen)
            }
            for (scheme in listOf("tcp", "tcp4", "tls")) {
                withClue(scheme) {
                    seen("$scheme://host:1").keepAlive shouldBe true
                    seen("$scheme://host:1").keepAliveIdle shouldBe 5.seconds
                }
            }
            seen("unix:/run/x.sock", remote = UnixDomainSocketAddress.of("/run/x.sock")).keepAlive shouldBe false
            // A name that somebody else looks up.
            seen("memory:name").keepAlive shouldBe true
            seen("tcp://host:1") { keepAliveIdle = null }.keepAlive shouldBe false
            seen("tcp://host:1", SocketOptions { keepAlive = false }).keepAlive shouldBe false
            val own = SocketOptions {
                keepAlive = true
                keepAliveIdle = 60.seconds
                noDelay = false
            }
            seen("tcp://host:1", own).keepAliveIdle shouldBe 60.seconds
            seen("tcp://host:1", own).noDelay shouldBe false
            seen("tcp://host:1", own) { onSocket { it.keepAliveIdle = 9.seconds } }.keepAliveIdle shouldBe 9.seconds
            seen("tcp://host:1") { onSocket { it.keepAlive = false } }.run { "$keepAlive $keepAliveIdle" } shouldBe "false null"
            val twice = mutableListOf<Int?>()
            val failing = Connector(InetSocketAddress(1)) { options, _ ->
                twice += options.sendBuffer
                throw IOException("enough")
            }
            val options = LinkOptions {
                backoff = Backoff.immediate.upTo(1)
                onSocket { it.sendBuffer = (it.sendBuffer ?: 0) + 4096 }
            }
            shouldThrow<IOException> {
                StreamClient(Endpoint.parse("tcp://host:1"), ClientOptions(), failing).reconnecting(options).keep { }
            }
            twice shouldBe listOf<Int?>(4096, 4096)
        }
    }
})
