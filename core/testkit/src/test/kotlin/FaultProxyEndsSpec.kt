@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.ConnectionReset
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.collections.shouldBeSorted
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withContext

class FaultProxyEndsSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "who connects is reset or closed on demand, and the server never hears of it" {
        behindProxy { proxy, client, server ->
            client.connect { present ->
                present.writeLine("there")
                present.readLine() shouldBe "there"
                proxy.onConnect = OnConnect.Refuse
                // The reset may come while the client still connects.
                shouldThrow<IOException> { client.connect { it.readLine() } }
                proxy.onConnect = OnConnect.Close
                client.connect { it.readLine() } shouldBe null
                server.totals.accepted shouldBe 1
                proxy.onConnect = OnConnect.Carry
                client.connect { it.writeLine("again") }
                present.writeLine("still there")
                present.readLine() shouldBe "still there"
            }
        }
    }

    "who is closed as it connects may send, and is not reset" {
        behindProxyInVirtualTime { proxy, client ->
            proxy.onConnect = OnConnect.Close
            client.connect { connection ->
                connection.readLine() shouldBe null
                connection.writeLine("into the void")
            }
        }
    }

    "each connection that is counted is reached" {
        behindProxyInVirtualTime(on = { server().through { inner -> inner.also { delay(1.seconds) } } }) { proxy, client ->
            client.connect { connection ->
                proxy.connectionCount.first { it == 1 }
                proxy.resetAll()
                shouldThrow<ConnectionReset> { connection.readLine() }
            }
            proxy.connectionCount.first { it == 0 }
        }
    }

    "the proxy waits for as long as its ends do" {
        behindProxyInVirtualTime(
            on = { server(ServerOptions { readTimeout = 1.seconds }) },
            behind = { client(it, ClientOptions { readTimeout = 1.seconds }) },
        ) { _, client ->
            client.connect { connection ->
                delay(1.minutes)
                connection.writeLine("there")
                connection.readLine() shouldBe "there"
            }
        }
    }

    "a reset comes behind what is on its way" {
        var received: String? = null
        var lost: Duration? = null
        behindProxyInVirtualTime({ connection ->
            delay(200.milliseconds)
            connection.writeLine("comes back to nobody, before the reset is here")
            received = connection.readLine()
            shouldThrow<ConnectionReset> { connection.readLine() }
            lost = elapsed
        }) { proxy, client ->
            proxy.latency = 10.seconds
            val connection = client.connect()
            delay(500.milliseconds)
            connection.writeLine("late")
            delay(500.milliseconds)
            connection.abort()
            proxy.connectionCount.first { it == 1 }
            proxy.connectionCount.first { it == 0 }
        }
        received shouldBe "late"
        lost shouldBe 11.seconds
    }

    "both sides may be lost at a time, and one after its end" {
        val lost = CompletableDeferred<Unit>()
        behindProxyInVirtualTime({ connection ->
            connection.writeLine("comes back to nobody")
            if (connection.readLine() == "abort") {
                connection.abort()
            } else {
                shouldThrow<ConnectionReset> {
                    while (true) {
                        connection.writeLine("nobody hears it")
                        delay(1.seconds)
                    }
                }
                lost.complete(Unit)
            }
        }) { proxy, client ->
            proxy.latency = 10.seconds
            for (last in listOf("abort", "go on")) {
                val connection = client.connect()
                connection.writeLine(last)
                delay(500.milliseconds)
                connection.writeLine("comes to nobody")
                delay(500.milliseconds)
                if (last == "abort") connection.abort() else connection.close()
                proxy.connectionCount.first { it == 1 }
                proxy.connectionCount.first { it == 0 }
            }
            lost.await()
        }
    }

    "the direction to the server ends behind what is on its way, and the other goes on" {
        val end = CompletableDeferred<String?>()
        behindProxy({ connection ->
            connection.readLine() shouldBe "first"
            connection.writeLine("second")
            end.complete(connection.readLine())
            connection.writeLine("third")
        }) { proxy, client, _ ->
            client.connect { connection ->
                connection.writeLine("first")
                connection.readLine() shouldBe "second"
                proxy.endToServer()
                end.await() shouldBe null
                connection.writeLine("into the void")
                connection.readLine() shouldBe "third"
            }
        }
    }

    "the direction to the client ends, and the other goes on" {
        val received = CompletableDeferred<String?>()
        behindProxy({ connection ->
            connection.writeLine("first")
            received.complete(connection.readLine())
        }) { proxy, client, _ ->
            client.connect { connection ->
                connection.readLine() shouldBe "first"
                proxy.endToClient()
                connection.readLine() shouldBe null
                connection.writeLine("second")
                received.await() shouldBe "second"
            }
        }
    }

    "a proxy listens with whatever server it is told to" {
        withContext(Dispatchers.Default) {
            Memory.server().start(this) { it.copyTo(it) }.use { server ->
                FaultProxy.to(Memory.client(server)).start(this, on = Memory.server(name = "proxy")).use { proxy ->
                    "${proxy.endpoint}" shouldBe "memory:proxy"
                    Memory.client("proxy").connect { connection ->
                        connection.writeLine("there")
                        connection.readLine() shouldBe "there"
                        proxy.resetAll()
                        shouldThrow<ConnectionReset> { connection.readLine() }
                    }
                    shouldThrow<IllegalStateException> { proxy.port }.message shouldBe "memory:proxy has no port"
                }
            }
        }
    }

    "jitter makes each piece late by another time, the same for the same seed, and keeps their order" {
        fun arrivals(seed: Long): List<Pair<String?, Duration>> = virtualTime {
            val lines = List(20) { "$it" }
            val server = server().start(this) { it.copyTo(it) }
            val proxy = FaultProxy.to(client(server), seed).start(this, on = server())
            proxy.latency = 100.milliseconds
            proxy.jitter = 100.milliseconds
            val near = Memory.client("${proxy.address}", loop).connect()
            val arrived = async { List(lines.size) { near.readLine() to elapsed - (it * 10).milliseconds } }
            for (line in lines) {
                near.writeLine(line)
                delay(10.milliseconds)
            }
            arrived.await().also {
                near.close()
                proxy.close()
                server.close()
            }
        }

        val arrived = arrivals(seed = 1)
        arrived.map { it.first } shouldBe List(20) { "$it" }
        val late = arrived.map { it.second }
        late.all { it in 200.milliseconds..410.milliseconds } shouldBe true
        late.distinct().size shouldNotBe 1
        arrived.mapIndexed { index, (_, time) -> time + (index * 10).milliseconds }.shouldBeSorted()
        arrivals(seed = 1) shouldBe arrived
        arrivals(seed = 2) shouldNotBe arrived
    }
})
