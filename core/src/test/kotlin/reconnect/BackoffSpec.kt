package io.hawser.reconnect

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.doubles.shouldBeBetween
import io.kotest.matchers.shouldBe
import java.io.IOException
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class BackoffSpec : StringSpec({
    suspend fun Backoff.delays(count: Int, cause: Throwable? = null): List<Duration?> = (1..count).map { delayAfter(it, cause) }

    "a constant one waits as long each time" {
        Backoff.constant(3.seconds).delays(3) shouldBe List(3) { 3.seconds }
        Backoff.immediate.delays(2) shouldBe List(2) { Duration.ZERO }
        Backoff.never.delays(2) shouldBe listOf(null, null)
    }

    "an exponential one grows up to its ceiling, and never beyond" {
        Backoff.exponential(100.milliseconds, ceiling = 1.seconds).delays(6).map { it?.inWholeMilliseconds } shouldBe
            listOf<Long?>(100, 200, 400, 800, 1000, 1000)
        Backoff.exponential(1.seconds, ceiling = 10.seconds, factor = 1.5).delays(3) shouldBe
            listOf(1.seconds, 1.5.seconds, 2.25.seconds)
        val patient = Backoff.exponential(1.milliseconds, ceiling = 24.hours)
        patient.delayAfter(10_000, null) shouldBe 24.hours
        patient.delayAfter(Int.MAX_VALUE, null) shouldBe 24.hours
    }

    "jitter takes any part of the delay" {
        val parts = Backoff.constant(1.seconds).jittered(Random(7)).delays(1000).map { checkNotNull(it) / 1.seconds }
        parts.max().shouldBeBetween(0.99, 1.0, 0.0)
        parts.min().shouldBeBetween(0.0, 0.01, 0.0)
        parts.average().shouldBeBetween(0.47, 0.53, 0.0)
        Backoff.constant(1.seconds).jittered(Random(7)).delays(5) shouldBe Backoff.constant(1.seconds).jittered(Random(7)).delays(5)
        Backoff.never.jittered().delayAfter(1, null) shouldBe null
        Backoff { _, _ -> Duration.INFINITE }.jittered().delayAfter(1, null) shouldBe Duration.INFINITE
    }

    "it gives up after so many failures, or after one that is beyond hope" {
        Backoff.constant(1.seconds).upTo(2).delays(4) shouldBe listOf(1.seconds, 1.seconds, null, null)
        Backoff.constant(1.seconds).upTo(0).delays(1) shouldBe listOf(null)
        val choosy = Backoff.immediate.giveUpWhen { it is IOException }
        choosy.delayAfter(1, IllegalStateException()) shouldBe Duration.ZERO
        choosy.delayAfter(1, IOException()) shouldBe null
        choosy.delayAfter(1, null) shouldBe Duration.ZERO
    }

    "Java's makes one of a function" {
        val own = Backoff.of { failures, cause -> if (cause == null) null else java.time.Duration.ofSeconds(failures.toLong()) }
        own.delayAfter(3, IOException()) shouldBe 3.seconds
        own.delayAfter(3, null) shouldBe null
        Backoff.exponential(java.time.Duration.ofMillis(10), java.time.Duration.ofMillis(30)).delays(3) shouldBe
            listOf(10.milliseconds, 20.milliseconds, 30.milliseconds)
        Backoff.constant(java.time.Duration.ofMillis(10)).delayAfter(9, null) shouldBeIn listOf(10.milliseconds)
    }

    val refused = mapOf<String, () -> Any>(
        "delay is not a finite duration >= 0: -1s" to { Backoff.constant((-1).seconds) },
        "delay is not a finite duration >= 0: Infinity" to { Backoff.constant(Duration.INFINITE) },
        "first is not positive: 0s" to { Backoff.exponential(Duration.ZERO, 1.seconds) },
        "ceiling is not a finite duration >= 2s: 1s" to { Backoff.exponential(2.seconds, 1.seconds) },
        "factor is not a finite number >= 1: 0.5" to { Backoff.exponential(1.seconds, 2.seconds, 0.5) },
        "failures < 0: -1" to { Backoff.immediate.upTo(-1) },
        "resetAfter is negative: -1s" to { LinkOptions { resetAfter = (-1).seconds } },
        "dialTimeout is not positive: 0s" to { LinkOptions { dialTimeout = Duration.ZERO } },
        "handshakeTimeout is not positive: 0s" to { LinkOptions { handshakeTimeout = Duration.ZERO } },
        "writeTimeout is not positive: 0s" to { LinkOptions { writeTimeout = Duration.ZERO } },
        "keepAliveIdle is not a whole number of seconds from 1 to 32767: 100ms" to { LinkOptions { keepAliveIdle = 100.milliseconds } },
        "maxMessages < 1: 0" to { LinkOptions { outbox { maxMessages = 0 } } },
        "maxBytes < 1: -1" to { LinkOptions { outbox { maxBytes = -1 } } },
        "delay is negative: -1s" to { Decision.RetryAfter((-1).seconds) },
    )
    for ((message, make) in refused) {
        "refused: $message" { shouldThrow<IllegalArgumentException> { make() }.message shouldBe message }
    }
})
