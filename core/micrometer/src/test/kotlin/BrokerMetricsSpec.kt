package io.hawser.micrometer

import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.ConsumerPool
import io.hawser.broker.NoProvider
import io.hawser.broker.Provider
import io.hawser.testkit.Memory
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldNotContain
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope

class BrokerMetricsSpec : StringSpec({
    val often: Duration = Duration.ofMillis(10)

    "a broker says what it does, and so do those who ask and answer" {
        coroutineScope {
            val upper = UUID.randomUUID()
            val broker = Broker(Memory.server()).start(this)
            val client = Memory.client(broker.endpoint)
            val metering = Metering()
            BrokerMetrics(broker, mapOf(upper to "upper"), lookEvery = often).bindTo(metering.registry)
            val goOn = CompletableDeferred<Unit>()
            val provider = Provider(client, upper).start(this) { request ->
                goOn.await()
                reply(request.bytes())
            }
            val consumer = Consumer(client, upper).start(this)
            val pool = ConsumerPool(client, upper, size = 2).start(this)
            ProviderMetrics(provider, "upper").bindTo(metering.registry)
            ConsumerMetrics(consumer, "upper").bindTo(metering.registry)
            ConsumerMetrics(pool, "pooled").bindTo(metering.registry)
            provider.awaitRegistered()
            consumer.awaitRegistered()

            val answer = async { consumer.request(ByteArray(1), timeout = 60.seconds) }
            metering.awaitValue(1, "hawser.broker.active")
            metering.awaitValue(1, "hawser.broker.channel.active", "channel", "upper")
            metering.value("hawser.broker.consumer.active", "channel", "upper") shouldBe 1.0
            metering.awaitValue(1, "hawser.broker.provider.active")
            goOn.complete(Unit)
            answer.await()
            metering.awaitValue(1, "hawser.broker.ended", "outcome", "completed")
            metering.value("hawser.broker.requests") shouldBe 1.0
            metering.value("hawser.broker.channel.requests", "channel", "upper") shouldBe 1.0
            metering.value("hawser.broker.channel.requests", "channel", "other") shouldBe 0.0
            metering.value("hawser.broker.channel.latency", "quantile", "0.99") shouldBeGreaterThan 0.0
            metering.value("hawser.broker.provider.registered", "channel", "upper") shouldBe 1.0
            metering.awaitValue(2, "hawser.broker.consumer.registered", "channel", "pooled")
            metering.awaitValue(4, "hawser.broker.peers")

            consumer.close()
            pool.close()
            provider.close()
            eventually(60.seconds) { metering.names.filter { "provider." in it || "consumer." in it } shouldBe emptyList() }
            broker.close()
            metering.awaitNothing()
            coroutineContext.cancelChildren()
        }
    }

    "channels have meters up to a limit, and the others are one" {
        coroutineScope {
            val broker = Broker(Memory.server()).start(this)
            val client = Memory.client(broker.endpoint)
            val metering = Metering()
            val (first, second) = List(2) { UUID.randomUUID() }
            suspend fun ask(channel: UUID) = Consumer(client, channel).start(this).also { consumer ->
                shouldThrow<NoProvider> { consumer.request(ByteArray(0), timeout = 60.seconds) }
            }
            // What was asked before it has meters stays with the others.
            val asking = ask(first)
            BrokerMetrics(broker, maxChannels = 1, lookEvery = often).bindTo(metering.registry)
            metering.awaitValueOnceThere(1, "hawser.broker.channel.consumers", "channel", "$first")
            metering.value("hawser.broker.channel.requests", "channel", "$first") shouldBe 0.0
            metering.value("hawser.broker.channel.requests", "channel", "other") shouldBe 1.0
            repeat(2) { ask(second).close() }
            metering.value("hawser.broker.channel.requests", "channel", "other") shouldBe 3.0
            metering.registry.find("hawser.broker.channel.requests").tag("channel", "$second").meter() shouldBe null

            // The broker forgets a channel with the last who is there, and the meters do not, though nobody looks at them meanwhile.
            asking.close()
            asking.join()
            repeat(3) {
                ask(first).run {
                    close()
                    join()
                }
            }
            broker.awaitForgotten(first)
            metering.value("hawser.broker.channel.requests", "channel", "$first") shouldBe 3.0
            metering.value("hawser.broker.channel.requests", "channel", "other") shouldBe 3.0
            broker.close()
            coroutineContext.cancelChildren()
        }
    }

    "meters that are registered twice count once" {
        coroutineScope {
            val broker = Broker(Memory.server()).start(this)
            val upper = UUID.randomUUID()
            val metering = Metering()
            val metrics = BrokerMetrics(broker, mapOf(upper to "upper"))
            repeat(2) { metrics.bindTo(metering.registry) }
            val consumers = listOf(upper, UUID.randomUUID()).map { Consumer(Memory.client(broker.endpoint), it).start(this) }
            for (consumer in consumers) shouldThrow<NoProvider> { consumer.request(ByteArray(0), timeout = 60.seconds) }
            for (name in listOf("upper", "other")) metering.value("hawser.broker.channel.requests", "channel", name) shouldBe 1.0
            metrics.close()
            metering.names shouldBe emptySet()
            broker.close()
            coroutineContext.cancelChildren()
        }
    }

    "more names than channels, and times that are none, are refused" {
        coroutineScope {
            val broker = Broker(Memory.server()).start(this)
            val names = mapOf(UUID(0, 1) to "one", UUID(0, 2) to "two")
            shouldThrow<IllegalArgumentException> { BrokerMetrics(broker, names, maxChannels = 1) }.message shouldBe
                "maxChannels < 2, as many as have names: 1"
            shouldThrow<IllegalArgumentException> { BrokerMetrics(broker, names.mapValues { "one" }) }.message shouldBe
                "names are not one channel's each: one"
            shouldThrow<IllegalArgumentException> {
                BrokerMetrics(
                    broker,
                    names.mapValues { (id, _) ->
                        if (id ==
                            UUID(0, 1)
                        ) {
                            "other"
                        } else {
                            "two"
                        }
                    },
                )
            }
                .message shouldBe "a channel is called other, as all are together that have no meters"
            shouldThrow<IllegalArgumentException> { BrokerMetrics(broker, lookEvery = Duration.ZERO) }.message shouldBe
                "lookEvery is not positive: PT0S"
            broker.close()
        }
    }
})

private suspend fun Broker.awaitForgotten(channel: UUID) = eventually(60.seconds) { stats.channels.keys shouldNotContain channel }

/** What is looked for now and then is not there at once. */
private suspend fun Metering.awaitValueOnceThere(expected: Number, name: String, vararg tags: String) {
    eventually(60.seconds) { registry.find(name).tags(*tags).meter()?.id?.name shouldBe name }
    awaitValue(expected, name, *tags)
}
