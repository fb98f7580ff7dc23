@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.DatagramServerOptions
import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.ServerOptions
import io.hawser.StreamServer
import io.hawser.WhenFull
import io.hawser.engine.EventLoopGroup
import io.hawser.event.ServerState
import io.hawser.reconnect.CircuitBreaker
import io.hawser.reconnect.CircuitBreakerOptions
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.guardedBy
import io.hawser.reconnect.pooled
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.reconnect.clientOf
import io.hawser.testkit.reconnect.echo
import io.hawser.testkit.reconnect.serverOn
import io.hawser.transport.Layer
import io.hawser.transport.Listener
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.IOException
import java.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

/** What servers, clients, links and pools say about themselves. */
class HealthSpec : StringSpec({
    extension(LeakCheck)

    "a server is up while it takes people and has room" {
        virtualTime {
            val options = ServerOptions {
                maxConnections = 1
                whenFull = WhenFull.Pause
            }
            val server = server(options).start(this, echo)
            server.health() shouldBe Health.Up()
            "${server.health()}" shouldBe "up"
            val connection = client(server).connect()
            server.connectionCount.first { it == 1 }
            server.health() shouldBe Health.Degraded(listOf(HealthProblem.Full(1, 1)))
            server.health().isUsable shouldBe true
            "${server.health()}" shouldBe "degraded: 1 connections of 1"
            server.reload(ServerOptions())
            server.health() shouldBe Health.Up()
            val ending = launch { server.shutdown() }
            server.draining.first { it }
            server.health() shouldBe Health.Down(HealthProblem.Draining)
            connection.close()
            ending.join()
            server.health() shouldBe Health.Down(HealthProblem.Ended(null))
            server.health().isUsable shouldBe false
            "${server.health()}" shouldBe "down: it has ended"
        }
    }

    "a server that stops accepting is down for who would come" {
        virtualTime {
            val server = server().start(this, echo)
            val connection = client(server).connect()
            server.connectionCount.first { it == 1 }
            server.stopAccepting()
            server.health() shouldBe Health.Down(HealthProblem.NotAccepting)
            connection.close()
            server.awaitClosed()
        }
    }

    "a server that cannot accept says for how long, and why, until it can" {
        virtualTime {
            var failing = true
            val failure = IOException("too many open files")
            val sound = server()
            val broken = StreamServer(
                sound.endpoint,
                sound.options,
                {
                    val listener = sound.binder.bind()
                    object : Listener by listener {
                        override suspend fun accept(): RawStream = if (failing) throw failure else listener.accept()
                    }
                },
            )
            val server = broken.start(this, echo)
            delay(1.minutes)
            val problem = (server.health() as Health.Degraded).problems.single().shouldBeInstanceOf<HealthProblem.AcceptFailing>()
            problem.cause shouldBe failure
            problem.lasts shouldBe Duration.ofMinutes(1)
            "$problem" shouldBe "it could not accept for 60000 ms: java.io.IOException: too many open files"
            failing = false
            delay(4.seconds)
            server.health() shouldBe Health.Up()
            server.shutdown()
        }
    }

    "a server whose loop has ended says so" {
        coroutineScope {
            val group = EventLoopGroup()
            val server = LoopbackServer.create(group).start(this, echo)
            server.health() shouldBe Health.Up()
            group.close()
            server.state.first { it is ServerState.Failed }
            server.health().shouldBeInstanceOf<Health.Down>().problem.shouldBeInstanceOf<HealthProblem.LoopClosed>()
        }
    }

    "a server of datagrams is degraded while it drops what comes" {
        virtualTime {
            val release = CompletableDeferred<Unit>()
            val server = datagramServer(DatagramServerOptions { queueCount = 2 }).start(this) { release.await() }
            server.health() shouldBe Health.Up()
            datagramClient(server).open { socket ->
                socket.send(ByteArray(1))
                delay(1.milliseconds)
                repeat(5) { socket.send(ByteArray(1)) }
            }
            datagramClient(server).health().shouldBeInstanceOf<Health.Up>()
            delay(1.milliseconds)
            server.health() shouldBe Health.Degraded(listOf(HealthProblem.QueueFull(2)))
            release.complete(Unit)
            delay(1.milliseconds)
            server.health() shouldBe Health.Up()
            server.shutdown()
            server.health() shouldBe Health.Down(HealthProblem.Ended(null))
        }
    }

    "a client finds out by connecting, and leaves nothing open" {
        virtualTime {
            val server = server().start(this, echo)
            val up = client(server).health().shouldBeInstanceOf<Health.Up>()
            "$up" shouldBe "up, after ${up.took!!.toMillis()} ms"
            delay(1.seconds)
            server.connectionCount.value shouldBe 0
            server.totals.accepted shouldBe 1
            val stuck = client(server).through(Layer { awaitCancellation() }).health(timeout = 3.seconds)
            stuck shouldBe Health.Down(HealthProblem.NoAnswer(server.endpoint, Duration.ofSeconds(3)))
            "$stuck" shouldBe "down: ${server.endpoint} did not answer within 3000 ms"
            val mistake = IOException("no")
            client(server).through(Layer { throw mistake }).health() shouldBe
                Health.Down(HealthProblem.Unreachable(server.endpoint, mistake))
            server.shutdown()
            val gone = client(server).health().shouldBeInstanceOf<Health.Down>()
            "$gone".startsWith("down: ${server.endpoint} cannot be reached: cannot connect to ") shouldBe true
        }
    }

    "a circuit breaker says whether anybody may connect, and who only looks neither opens it nor takes its trial" {
        virtualTime {
            val breaker = CircuitBreaker(CircuitBreakerOptions { failures = 1 })
            val client = clientOf("nobody").guardedBy(breaker)
            breaker.health() shouldBe Health.Up()
            client.health().shouldBeInstanceOf<Health.Down>().problem.shouldBeInstanceOf<HealthProblem.Unreachable>()
            breaker.health() shouldBe Health.Up()
            shouldThrow<ConnectFailed> { client.connect() }
            breaker.health().shouldBeInstanceOf<Health.Down>().problem.shouldBeInstanceOf<HealthProblem.CircuitOpen>()
            client.health().shouldBeInstanceOf<Health.Down>().problem.shouldBeInstanceOf<HealthProblem.Unreachable>()
        }
    }

    "a link is up while it is connected" {
        virtualTime {
            val link = clientOf("later").reconnecting(LinkOptions())
            link.health() shouldBe Health.Down(HealthProblem.NotStarted)
            link.start(this) { it.copyAll() }
            delay(1.milliseconds)
            val down = link.health().shouldBeInstanceOf<Health.Down>().problem.shouldBeInstanceOf<HealthProblem.NotConnected>()
            (down.cause is IOException) shouldBe true
            val server = serverOn("later").start(this, echo)
            delay(1.minutes)
            link.health() shouldBe Health.Up()
            link.close()
            link.join()
            link.health() shouldBe Health.Down(HealthProblem.Ended(null))
            server.shutdown()
        }
    }

    "a pool is degraded while somebody waits for what others have" {
        virtualTime {
            val server = server().start(this, echo)
            val pool = client(server).pooled(PoolOptions { maxConnections = 1 })
            pool.health() shouldBe Health.Down(HealthProblem.NotStarted)
            pool.start(this)
            pool.health() shouldBe Health.Up()
            val release = CompletableDeferred<Unit>()
            val first = launch { pool.withConnection { release.await() } }
            delay(1.milliseconds)
            pool.health() shouldBe Health.Up()
            val second = launch { pool.withConnection { } }
            delay(1.milliseconds)
            pool.health() shouldBe Health.Degraded(listOf(HealthProblem.PoolExhausted(1, 1)))
            release.complete(Unit)
            listOf(first, second).forEach { it.join() }
            pool.health() shouldBe Health.Up()
            pool.shutdown()
            pool.health() shouldBe Health.Down(HealthProblem.Ended(null))
            server.shutdown()
        }
    }
})

private suspend fun Connection.copyAll() {
    while (readLine() != null) Unit
}
