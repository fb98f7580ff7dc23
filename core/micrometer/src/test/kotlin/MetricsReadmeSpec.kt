package io.hawser.micrometer

import io.hawser.Admission
import io.hawser.AdmissionClass
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.Provider
import io.hawser.copyTo
import io.hawser.messaging.HubClient
import io.hawser.messaging.MessageHub
import io.hawser.reconnect.CircuitBreaker
import io.hawser.reconnect.pooled
import io.hawser.reconnect.reconnecting
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.MemoryDatagram
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.micrometer.core.instrument.Meter
import io.micrometer.core.instrument.MeterRegistry
import java.io.File
import java.util.UUID
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope

/** What the module's page shows does what it says, and its table has every meter. */
class MetricsReadmeSpec : StringSpec({
    extension(LeakCheck)

    val page = File("README.md").readText()

    "every meter stands in a table, as it is" {
        coroutineScope {
            val metering = Metering()
            val all = everything(this)
            all.forEach { it.bindTo(metering.registry) }
            val rows = metering.registry.meters.map { it.id.row() }.toSortedSet()
            val shown = Regex("""(?m)^\| `hawser\..*$""").findAll(page).map { it.value }.toList()
            shown.toSortedSet().joinToString("\n") shouldBe rows.joinToString("\n")
            shown.size shouldBe rows.size
            all.forEach(HawserMetrics::close)
            coroutineContext.cancelChildren()
        }
    }

    "a server is measured as the page has it" {
        coroutineScope {
            val metering = Metering()
            val server = measured(this, metering.registry)
            metering.value("hawser.server.accepting", "transport", "tcp") shouldBe 1.0
            server.close()
            metering.awaitNothing()
        }
    }
})

private fun Meter.Id.row(): String {
    val own = tagNames().filter { it != "endpoint" && it != "transport" }
    return "| `$name` | ${type.name.lowercase()} | ${baseUnit.orEmpty()} | ${own.joinToString()} | $description |"
}

private suspend fun everything(scope: CoroutineScope): List<HawserMetrics> {
    val options = ServerOptions { admissionClasses = listOf(AdmissionClass("guests", Admission.everyone)) }
    val server = Memory.server(options).start(scope) { it.copyTo(it) }
    val client = Memory.client(server)
    val hub = MessageHub(Memory.server(), "build").start(scope)
    val broker = Broker(Memory.server()).start(scope)
    val channel = UUID.randomUUID()
    return listOf(
        ServerMetrics(server),
        ServerEventMetrics(server),
        DatagramServerMetrics(MemoryDatagram.server().start(scope) { }),
        ClientMetrics(client),
        LinkMetrics(client.reconnecting()),
        PoolMetrics(client.pooled()),
        CircuitBreakerMetrics(CircuitBreaker(), "none"),
        HubMetrics(hub),
        HubClientMetrics(HubClient(Memory.client(hub.endpoint), "build")),
        BrokerMetrics(broker, mapOf(channel to "upper")),
        ProviderMetrics(Provider(Memory.client(broker.endpoint), channel)),
        ConsumerMetrics(Consumer(Memory.client(broker.endpoint), channel)),
    )
}

private suspend fun measured(scope: CoroutineScope, registry: MeterRegistry): RunningServer {
    val server = Tcp.server("127.0.0.1", port = 0).start(scope) { connection -> connection.copyTo(connection) }
    ServerMetrics(server).bindTo(registry)
    return server
}
