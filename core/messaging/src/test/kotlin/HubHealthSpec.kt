package io.hawser.messaging

import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.reconnect.LinkState
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

class HubHealthSpec : StringSpec({
    extension(LeakCheck)

    "a hub is as its server is, and its client as its link" {
        coroutineScope {
            val hub = MessageHub(Memory.server(), "progress")
            hub.health() shouldBe Health.Down(HealthProblem.NotStarted)
            hub.start(this)
            hub.health() shouldBe Health.Up()
            val client = HubClient(Memory.client(hub.handle), "progress")
            client.health() shouldBe Health.Down(HealthProblem.NotStarted)
            client.start(this)
            client.state.first { it is LinkState.Connected }
            client.health() shouldBe Health.Up()
            client.shutdown()
            client.health() shouldBe Health.Down(HealthProblem.Ended(null))
            hub.shutdown()
            hub.health() shouldBe Health.Down(HealthProblem.Ended(null))
        }
    }
})
