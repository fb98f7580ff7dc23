package io.hawser.broker

import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.time.Duration.ofMillis
import java.time.Duration.ofSeconds
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

class ConsumerOptionsSpec : StringSpec({
    "the defaults are those of the table" {
        val options = ConsumerOptions()
        options.run { listOf(timeout, attemptTimeout, helloTimeout, pingEvery, pingTimeout) } shouldBe
            listOf(5.seconds, Duration.INFINITE, 15.seconds, 15.seconds, 5.seconds)
        options.run { listOf(waitForProvider, idempotent) } shouldBe listOf(false, false)
        options.retry shouldBeSameInstanceAs Backoff.never
        options.maxReply shouldBe 16 * 1024 * 1024
        options.token.size shouldBe 0
        "${options.link}" shouldBe "${LinkOptions()}"
        "${ConsumerOptions.builder().build()}" shouldBe "$options"
    }

    val refused = mapOf<String, ConsumerOptions.Builder.() -> Unit>(
        "a token of 4097 bytes, over 4096" to { token = ByteArray(4097) },
        "timeout is not positive: 0s" to { timeout = Duration.ZERO },
        "timeout is not positive: -1s" to { timeout = (-1).seconds },
        "attemptTimeout is not positive: 0s" to { attemptTimeout = Duration.ZERO },
        "maxReply < 0: -1" to { maxReply = -1 },
        "helloTimeout is not positive: 0s" to { helloTimeout = Duration.ZERO },
        "pingEvery is not positive: -1ms" to { pingEvery = (-1).milliseconds },
        "pingTimeout is not positive: 0s" to { pingTimeout = Duration.ZERO },
    )
    for ((message, change) in refused) {
        "what may not be is refused: $message" {
            shouldThrow<IllegalArgumentException> { ConsumerOptions(change) }.message shouldBe message
        }
    }

    "each has a setter for Java, and durations are Java's" {
        val link = LinkOptions { backoff = Backoff.never }
        val retry = Backoff.constant(1.seconds)
        val options = ConsumerOptions.builder().link(link).token("ü").timeout(ofSeconds(1)).waitForProvider(true).idempotent(true)
            .retry(retry).attemptTimeout(ofMillis(2)).maxReply(0).helloTimeout(ofSeconds(3)).pingEvery(ofSeconds(4))
            .pingTimeout(ofSeconds(5)).build()
        options.link shouldBeSameInstanceAs link
        options.retry shouldBeSameInstanceAs retry
        options.token.toList() shouldBe "ü".encodeToByteArray().toList()
        options.run { listOf(waitForProvider, idempotent, maxReply) } shouldBe listOf(true, true, 0)
        options.run {
            listOf(timeoutAsJava(), attemptTimeoutAsJava(), helloTimeoutAsJava(), pingEveryAsJava(), pingTimeoutAsJava())
        } shouldBe listOf(ofSeconds(1), ofMillis(2), ofSeconds(3), ofSeconds(4), ofSeconds(5))
        "$options".contains("ü") shouldBe false
    }

    "null is for ever, for Java" {
        val options = ConsumerOptions.builder().timeout(null).attemptTimeout(null).pingEvery(null).build()
        options.run { listOf(timeout, attemptTimeout, pingEvery) } shouldBe List(3) { Duration.INFINITE }
        options.run { listOf(timeoutAsJava(), attemptTimeoutAsJava(), pingEveryAsJava()) } shouldBe List(3) { null }
    }

    "a token that changes afterwards is the one that was given" {
        val token = byteArrayOf(1, 2)
        val options = ConsumerOptions { this.token = token }
        token[0] = 7
        options.token.toList() shouldBe listOf<Byte>(1, 2)
        ConsumerOptions { this.token = ByteArray(4096) }.token.size shouldBe 4096
    }
})
