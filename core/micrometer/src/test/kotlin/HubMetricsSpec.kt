package io.hawser.micrometer

import io.hawser.messaging.HubClient
import io.hawser.messaging.MessageHub
import io.hawser.testkit.Memory
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

class HubMetricsSpec : StringSpec({
    "a hub says who is connected and what waits, and its client whether it is" {
        coroutineScope {
            val hub = MessageHub(Memory.server(), "build").start(this)
            val metering = Metering()
            HubMetrics(hub).bindTo(metering.registry)
            ServerMetrics(hub.handle).bindTo(metering.registry)
            hub.broadcast(mapOf("step" to 1))
            metering.value("hawser.hub.backlog", "event", "build", "endpoint", "${hub.endpoint}") shouldBe 1.0
            val client = HubClient(Memory.client(hub.endpoint), "build")
            HubClientMetrics(client).bindTo(metering.registry)
            metering.value("hawser.hub.client.connected") shouldBe 0.0
            client.start(this)
            client.receive().data shouldBe mapOf("step" to 1L)
            metering.value("hawser.hub.client.connected") shouldBe 1.0
            metering.value("hawser.hub.clients") shouldBe 1.0
            metering.value("hawser.hub.backlog") shouldBe 0.0
            metering.awaitValue(0, "hawser.hub.queued")
            metering.value("hawser.server.accepted") shouldBe 1.0
            client.close()
            hub.clients.first { it.isEmpty() }
            metering.value("hawser.hub.clients") shouldBe 0.0
            hub.close()
            metering.awaitNothing()
        }
    }
})
