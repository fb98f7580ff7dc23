package io.hawser.broker

import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.reconnect.LinkState
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.UUID
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

class BrokerHealthSpec : StringSpec({
    extension(LeakCheck)

    "a broker is as its server is, and who asks as its links" {
        coroutineScope {
            val broker = Broker(Memory.server())
            broker.health() shouldBe Health.Down(HealthProblem.NotStarted)
            broker.start(this)
            broker.health() shouldBe Health.Up()
            val channel = UUID.randomUUID()
            val consumer = Consumer(Memory.client(broker.handle), channel).start(this)
            consumer.state.first { it is LinkState.Connected }
            consumer.health() shouldBe Health.Up()
            consumer.shutdown()
            consumer.health() shouldBe Health.Down(HealthProblem.Ended(null))
            val pool = ConsumerPool(Memory.client(broker.handle), channel, size = 2)
            pool.health() shouldBe Health.Down(HealthProblem.NotStarted)
            pool.close()
            broker.shutdown()
            broker.health() shouldBe Health.Down(HealthProblem.Ended(null))
        }
    }
})
