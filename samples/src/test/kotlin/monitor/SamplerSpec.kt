@file:OptIn(ExperimentalHawserApi::class)

package io.hawser.samples.monitor

import io.hawser.Admission
import io.hawser.ExperimentalHawserApi
import io.hawser.ServerOptions
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.Provider
import io.hawser.copyTo
import io.hawser.engine.EventLoopGroup
import io.hawser.messaging.MessageHub
import io.hawser.samples.broker.BrokerService
import io.hawser.samples.hub.HubTally
import io.hawser.samples.serve.Service
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.maps.shouldContainKey
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

class SamplerSpec : StringSpec({
    extension(LeakCheck)
    timeout = 60_000

    fun Service.sampler(program: String) = Sampler(program, handle.endpoint, this, EventLoopGroup.shared.loops)

    "a server is told with its sums, its rates, who is busy, and the delay of its loops" {
        coroutineScope {
            val options = ServerOptions {
                maxConnections = 1
                admission = Admission.allow("127.0.0.1")
            }
            Tcp.server(port = 0, options = options).start(this) { it.copyTo(it) }.use { server ->
                val sampler = Service(server).sampler("echo")
                Tcp.client("127.0.0.1", server.port).connect { connection ->
                    connection.writeLine("hello")
                    connection.readLine() shouldBe "hello"
                    Tcp.client("127.0.0.1", server.port).connect { it.readLine() shouldBe null }
                    val snapshot = sampler.snapshots.first { it.delays.isNotEmpty() }
                    snapshot.program shouldBe "echo"
                    snapshot.endpoint shouldBe "${server.endpoint}"
                    snapshot.health shouldBe Snapshot.Health("degraded", listOf("1 connections of 1"))
                    snapshot.now shouldBe mapOf("connections" to 1L)
                    snapshot.totals shouldBe mapOf("accepted" to 1L, "refused" to 1L, "in" to 6L, "out" to 6L, "throttled" to 0L)
                    snapshot.refused shouldBe mapOf("too_many_connections" to 1L)
                    snapshot.delays shouldContainKey "loop"
                    snapshot.busiest.single().run {
                        remote shouldStartWith "127.0.0.1:"
                        listOf(bytesIn, bytesOut) shouldBe listOf(6L, 6L)
                    }
                    snapshot.channels.shouldBeEmpty()
                }
            }
        }
    }

    "a broker is told with its requests, how long they took, and its channels" {
        coroutineScope {
            val broker = Broker(Tcp.server(port = 0)).start(this)
            val channel = UUID.randomUUID()
            val client = Tcp.client("127.0.0.1", broker.port)
            val provider = Provider(client, channel).start(this, 1) { reply(it.bytes()) }
            provider.awaitRegistered(30.seconds)
            val consumer = Consumer(client, channel).start(this)
            // While somebody watches: what was before has no delay.
            val snapshot = BrokerService(broker).sampler("broker").snapshots.first {
                repeat(3) { consumer.request(ByteArray(9), 30.seconds).size shouldBe 9 }
                "request" in it.delays
            }
            snapshot.now.filterKeys { it == "providers" || it == "consumers" } shouldBe mapOf("providers" to 1L, "consumers" to 1L)
            snapshot.rates.getValue("completed") shouldBeGreaterThan 0.0
            snapshot.channels.single().run {
                name shouldBe "$channel"
                rate shouldBeGreaterThan 0.0
                p99.shouldNotBeNull()
            }
            consumer.close()
            provider.close()
            broker.close()
        }
    }

    "a hub is told with its clients and its messages" {
        coroutineScope {
            MessageHub(Tcp.server(port = 0), "news").start(this).use { hub ->
                val tally = HubTally()
                hub.broadcast(mapOf("first" to 1))
                tally.sent.increment()
                val facts = tally.facts(hub)
                facts.now shouldBe mapOf("clients" to 0L, "queued" to 0L, "backlog" to 1L)
                facts.totals shouldBe mapOf("messages_sent" to 1L, "messages_received" to 0L, "dropped" to 0L)
            }
        }
    }
})
