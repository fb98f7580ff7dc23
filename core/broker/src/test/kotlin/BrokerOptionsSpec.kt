@file:OptIn(RoutingApi::class)

package io.hawser.broker

import io.hawser.broker.routing.LocalRouter
import io.hawser.broker.routing.RoutingApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.time.Duration.ofMillis
import java.time.Duration.ofSeconds
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class BrokerOptionsSpec : StringSpec({
    "the defaults are those of the table" {
        val options = BrokerOptions()
        options.toString() shouldBe
            "BrokerOptions(maxFrame=65536, maxHeaders=8192, window=${512 * 1024}, maxInFlightPerConnection=16384, " +
            "maxInFlight=65536, maxWaiting=16384, maxQueuedBytes=${options.maxQueuedBytes}, " +
            "maxBytes=${options.maxBytes}, maxRegistrations=64, maxChannels=65536, maxRepeatable=65536, maxRepeats=2, " +
            "maxTimeout=1h, helloTimeout=10s, pingEvery=15s, pingTimeout=5s, remoteStats=false)"
        options.maxQueuedBytes shouldBe minOf(32L shl 20, Runtime.getRuntime().maxMemory() / 16)
        options.maxBytes shouldBe minOf(256L shl 20, Runtime.getRuntime().maxMemory() / 4)
        options.choice shouldBeSameInstanceAs ProviderChoice.leastInFlight
        options.admission shouldBeSameInstanceAs BrokerAdmission.everyone
        options.router shouldBe null
        "${BrokerOptions.builder().build()}" shouldBe "$options"
        "${BrokerOptions { }}" shouldBe "$options"
    }

    val refused = mapOf<String, BrokerOptions.Builder.() -> Unit>(
        "maxFrame not in 16384..16777216: 16383" to { maxFrame = 16_383 },
        "maxFrame not in 16384..16777216: 16777217" to { maxFrame = 16_777_217 },
        "maxHeaders < 2: 1" to { maxHeaders = 1 },
        "window < 1024: 1023" to { window = 1023 },
        "maxInFlightPerConnection < 1: 0" to { maxInFlightPerConnection = 0 },
        "maxInFlight < 1: -1" to { maxInFlight = -1 },
        "maxWaiting < 0: -1" to { maxWaiting = -1 },
        "maxQueuedBytes < two frames of 65536 bytes: 131071" to { maxQueuedBytes = 131_071 },
        "maxBytes < 1: -5" to { maxBytes = -5 },
        "maxRegistrations < 1: 0" to { maxRegistrations = 0 },
        "maxChannels < 1: 0" to { maxChannels = 0 },
        "maxRepeatable < 0: -1" to { maxRepeatable = -1 },
        "maxRepeats < 0: -1" to { maxRepeats = -1 },
        "maxTimeout is not a finite positive duration: 0s" to { maxTimeout = Duration.ZERO },
        "maxTimeout is not a finite positive duration: Infinity" to { maxTimeout = Duration.INFINITE },
        "helloTimeout is not a finite positive duration: -1s" to { helloTimeout = (-1).seconds },
        "helloTimeout is not a finite positive duration: Infinity" to { helloTimeout = Duration.INFINITE },
        "pingEvery is not a positive duration: 0s" to { pingEvery = Duration.ZERO },
        "pingTimeout is not a finite positive duration: 0s" to { pingTimeout = Duration.ZERO },
        "pingTimeout is not a finite positive duration: Infinity" to { pingTimeout = Duration.INFINITE },
    )
    for ((message, change) in refused) {
        "what may not be is refused: $message" {
            shouldThrow<IllegalArgumentException> { BrokerOptions(change) }.message shouldBe message
        }
    }

    "the smallest and the largest that may be" {
        val smallest = BrokerOptions {
            maxFrame = 16_384
            maxHeaders = 2
            window = 1024
            maxInFlightPerConnection = 1
            maxInFlight = 1
            maxWaiting = 0
            maxQueuedBytes = 32_768
            maxBytes = 1
            maxRegistrations = 1
            maxChannels = 1
            maxRepeatable = 0
            maxRepeats = 0
            maxTimeout = 1.milliseconds
            helloTimeout = 1.milliseconds
            pingEvery = 1.milliseconds
            pingTimeout = 1.milliseconds
        }
        smallest.run { listOf(maxFrame, maxHeaders, window, maxWaiting, maxRepeatable, maxRepeats) } shouldBe
            listOf(16_384, 2, 1024, 0, 0, 0)
        BrokerOptions { maxFrame = 16_777_216 }.maxFrame shouldBe 16_777_216
        BrokerOptions { pingEvery = Duration.INFINITE }.pingEveryAsJava() shouldBe null
    }

    "each has a setter for Java, and durations are Java's" {
        val choice = ProviderChoice.roundRobin()
        val admission = BrokerAdmission { "no" }
        LocalRouter(choice).use { router ->
            val options = BrokerOptions.builder().maxFrame(20_000).maxHeaders(3).window(2000).maxInFlightPerConnection(4).maxInFlight(5)
                .maxWaiting(6).maxQueuedBytes(40_007).maxBytes(8).maxRegistrations(9).maxChannels(10).maxRepeatable(11).maxRepeats(12)
                .maxTimeout(ofSeconds(13)).helloTimeout(ofMillis(14)).pingEvery(ofSeconds(15)).pingTimeout(ofSeconds(16))
                .choice(choice).admission(admission).remoteStats(true).router(router).build()
            options.toString() shouldBe "BrokerOptions(maxFrame=20000, maxHeaders=3, window=2000, maxInFlightPerConnection=4, " +
                "maxInFlight=5, maxWaiting=6, maxQueuedBytes=40007, maxBytes=8, maxRegistrations=9, maxChannels=10, maxRepeatable=11, " +
                "maxRepeats=12, maxTimeout=13s, helloTimeout=14ms, pingEvery=15s, pingTimeout=16s, remoteStats=true)"
            options.run { listOf(maxTimeoutAsJava(), helloTimeoutAsJava(), pingEveryAsJava(), pingTimeoutAsJava()) } shouldBe
                listOf(ofSeconds(13), ofMillis(14), ofSeconds(15), ofSeconds(16))
            options.choice shouldBeSameInstanceAs choice
            options.admission shouldBeSameInstanceAs admission
            options.router shouldBeSameInstanceAs router
        }
        BrokerOptions.builder().pingEvery(null).build().pingEvery shouldBe Duration.INFINITE
        BrokerOptions().maxTimeout shouldBe 1.hours
        shouldThrow<IllegalArgumentException> { BrokerOptions.builder().maxTimeout(java.time.Duration.ZERO).build() }.message shouldBe
            "maxTimeout is not a finite positive duration: 0s"
    }

    "what a builder does behind its options does not change them" {
        val builder = BrokerOptions.builder().window(5000)
        val options = builder.build()
        builder.window(6000)
        options.window shouldBe 5000
        builder.build().window shouldBe 6000
    }
})
