package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.Decision
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.OutboxOptions
import io.hawser.reconnect.ReconnectingClient
import io.hawser.reconnect.SendOutcome
import io.hawser.reconnect.reconnecting
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.job
import kotlinx.coroutines.launch

/** What a reconnecting client does over every transport of streams. */
public abstract class LinkContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)

    fun link(server: RunningServer, change: LinkOptions.Builder.() -> Unit = {}) = transport.client(server, ClientOptions()).reconnecting(
        LinkOptions {
            backoff = Backoff.exponential(1.milliseconds, ceiling = 20.milliseconds).jittered()
            change()
        },
    )

    contract.run("a link comes back to a server that is cut and started again, twenty times") {
        var round = 0
        val handler: suspend CoroutineScope.(Connection) -> Unit = { connection ->
            connection.writeLine("round $round")
            connection.readLine()
        }
        var server = transport.server(ServerOptions()).start(this, handler)
        val greetings = Channel<String>(Channel.UNLIMITED)
        val link = link(server).start(this) { connection ->
            greetings.send(connection.readLine() ?: "end")
            connection.readLine()
        }
        while (true) {
            while (greetings.receive() != "round $round") Unit
            if (round == 20) break
            server.close()
            link.state.first { it !is LinkState.Connected }
            server.awaitClosed()
            round++
            server = transport.successor(server).start(this, handler)
        }
        link.shutdown(Duration.ZERO)
        link.state.value shouldBe LinkState.Stopped(null)
        server.close()
    }

    contract.run("what is sent comes in order and never twice, whatever becomes of the server") {
        val received = ConcurrentLinkedQueue<Int>()
        val handler: suspend CoroutineScope.(Connection) -> Unit = { connection -> connection.lines().collect { received += it.toInt() } }
        var server = transport.server(ServerOptions()).start(this, handler)
        val link = link(server) { outbox = OutboxOptions() }.start(this) { connection -> connection.readLine() }
        var number = 0
        val sender = launch {
            while (true) if (link.send("${number++}\n".encodeToByteArray()) != SendOutcome.Sent) delay(1.milliseconds)
        }
        repeat(10) {
            val before = received.size
            while (received.size < before + 10) delay(1.milliseconds)
            server.close()
            server.awaitClosed()
            server = transport.successor(server).start(this, handler)
        }
        val before = received.size
        while (received.size < before + 10) delay(1.milliseconds)
        sender.cancelAndJoin()
        link.shutdown(Duration.ZERO)
        server.close()
        server.awaitClosed()
        received.zipWithNext().filter { (one, next) -> next <= one } shouldBe emptyList()
    }

    for (hook in listOf("onSocket", "onConnect", "session", "onDisconnect", "onError", "backoff")) {
        contract.run("a link that is stopped in $hook ends, and leaves nothing") {
            val stops: Map<String, suspend (ReconnectingClient, Job) -> Unit> = mapOf(
                "close" to { link, _ -> link.close() },
                "shutdown" to { link, _ -> link.shutdown(Duration.ZERO) },
                "cancel" to { _, scope -> scope.cancel() },
            )
            transport.serving({ connection -> connection.readLine() }) { server, _ ->
                for ((how, stop) in stops) {
                    withClue(how) {
                        val there = CompletableDeferred<Unit>()
                        suspend fun enter(name: String) {
                            if (name != hook) return
                            there.complete(Unit)
                            awaitCancellation()
                        }
                        val scope = CoroutineScope(coroutineContext + Job(coroutineContext.job))
                        val link = link(server) {
                            handshakeTimeout = if (hook == "onDisconnect") 50.milliseconds else 1.minutes
                            onSocket { enter("onSocket") }
                            onConnect { enter("onConnect") }
                            onDisconnect { enter("onDisconnect") }
                            onError {
                                enter("onError")
                                Decision.Retry
                            }
                            backoff = Backoff { _, _ ->
                                enter("backoff")
                                Duration.ZERO
                            }
                        }
                        link.start(scope) {
                            enter("session")
                            error("the session is over")
                        }
                        there.await()
                        stop(link, scope.coroutineContext.job)
                        link.join()
                        link.state.value.shouldBeInstanceOf<LinkState.Stopped>()
                        scope.cancel()
                    }
                }
            }
        }
    }

    contract.run("a link that is cut at any instant, a thousand times, leaves nothing") {
        val random = Random(93)
        var server = transport.server(ServerOptions()).start(this) { it.readLine() }
        repeat(1000) { round ->
            if (round % 100 == 50) server.close()
            if (round % 100 == 0 && round > 0) {
                server.awaitClosed()
                server = transport.successor(server).start(this) { it.readLine() }
            }
            coroutineScope {
                val scope = CoroutineScope(coroutineContext + Job(coroutineContext.job))
                val link = link(server).start(scope) { if (round % 3 == 0) it.readLine() }
                if (random.nextBoolean()) delay(random.nextInt(3000).microseconds)
                if (round % 2 == 0) link.close()
                scope.cancel()
                link.join()
            }
        }
        server.close()
    }
})
