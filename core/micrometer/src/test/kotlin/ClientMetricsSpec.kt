package io.hawser.micrometer

import io.hawser.ConnectFailed
import io.hawser.copyTo
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.CircuitBreaker
import io.hawser.reconnect.CircuitBreakerOptions
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.OutboxOptions
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.guardedBy
import io.hawser.reconnect.pooled
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.Memory
import io.hawser.transport.Layer
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.time.Duration.Companion.hours
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch

@OptIn(TransportApi::class)
class ClientMetricsSpec : StringSpec({
    "events tell how long connecting takes and connections last, and what fails" {
        coroutineScope {
            val server = Memory.server().start(this) { it.copyTo(it) }
            val metering = Metering()
            val slow = Layer { stream -> stream.also { metering.clock.add(Duration.ofSeconds(3)) } }
            val client = Memory.client(server).through(slow)
            val metrics = ClientMetrics(client)
            metrics.bindTo(metering.registry)
            client.connect { connection ->
                connection.writeLine("hello")
                connection.readLine()
            }
            metering.awaitValue(1, "hawser.client.lifetime", "reason", "local")
            metering.value("hawser.client.connect") shouldBe 1.0
            metering.registry.get("hawser.client.connect").timer().totalTime(SECONDS) shouldBe 3.0
            metering.value("hawser.client.read") shouldBe 6.0
            metering.value("hawser.client.written") shouldBe 6.0
            server.close()
            server.awaitClosed()
            shouldThrow<ConnectFailed> { client.connect() }
            metering.awaitValue(1, "hawser.client.failures", "reason", "refused")
            metrics.close()
            metering.names shouldBe emptySet()
        }
    }

    "a link says whether it is connected, and what waits" {
        coroutineScope {
            val options = LinkOptions {
                backoff = Backoff.constant(1.hours)
                outbox = OutboxOptions { maxMessages = 1 }
            }
            val link = Memory.client("nobody").reconnecting(options)
            val metering = Metering()
            LinkMetrics(link).bindTo(metering.registry)
            ClientMetrics(link).bindTo(metering.registry)
            link.start(this) { awaitCancellation() }
            metering.awaitValue(2, "hawser.link.attempt")
            metering.value("hawser.link.connected") shouldBe 0.0
            repeat(3) { link.send(ByteArray(1)) }
            metering.value("hawser.link.queued") shouldBe 1.0
            metering.value("hawser.link.dropped") shouldBe 2.0
            metering.awaitValue(1, "hawser.client.failures", "reason", "refused")
            link.close()
            metering.awaitNothing()
        }
        coroutineScope {
            val server = Memory.server().start(this) { it.copyTo(it) }
            val link = Memory.client(server).reconnecting()
            val metering = Metering()
            LinkMetrics(link).bindTo(metering.registry)
            link.start(this) { it.awaitClosed() }
            link.awaitConnected()
            metering.value("hawser.link.connected") shouldBe 1.0
            metering.value("hawser.link.attempt") shouldBe 0.0
            link.close()
            server.close()
        }
    }

    "a pool says who has its connections" {
        coroutineScope {
            val server = Memory.server().start(this) { it.copyTo(it) }
            val pool = Memory.client(server).pooled(PoolOptions { maxConnections = 1 }).start(this)
            val metering = Metering()
            PoolMetrics(pool).bindTo(metering.registry)
            metering.value("hawser.pool.max") shouldBe 1.0
            pool.withConnection {
                metering.value("hawser.pool.borrowed") shouldBe 1.0
                val other = async { pool.withConnection { } }
                metering.awaitValue(1, "hawser.pool.waiting")
                other.cancel()
            }
            metering.awaitValue(1, "hawser.pool.idle")
            metering.value("hawser.pool.connections") shouldBe 1.0
            pool.close()
            metering.awaitNothing()
            server.close()
        }
    }

    "a circuit breaker says where it is" {
        val breaker = CircuitBreaker(CircuitBreakerOptions { failures = 2 })
        val client = Memory.client("nobody").guardedBy(breaker)
        val metering = Metering()
        val metrics = CircuitBreakerMetrics(breaker, "db")
        metrics.bindTo(metering.registry)
        shouldThrow<ConnectFailed> { client.connect() }
        metering.value("hawser.circuit.failures", "name", "db") shouldBe 1.0
        metering.value("hawser.circuit.state", "state", "closed") shouldBe 1.0
        shouldThrow<ConnectFailed> { client.connect() }
        metering.value("hawser.circuit.failures") shouldBe 2.0
        listOf("closed", "open", "half_open").map { metering.value("hawser.circuit.state", "state", it) } shouldBe listOf(0.0, 1.0, 0.0)
        metrics.close()
        metering.names shouldBe emptySet()
    }
})
