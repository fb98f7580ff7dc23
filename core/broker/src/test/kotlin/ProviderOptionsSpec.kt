package io.hawser.broker

import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.time.Duration.ofSeconds
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

class ProviderOptionsSpec : StringSpec({
    "the defaults are those of the table" {
        val options = ProviderOptions()
        options.run { listOf(helloTimeout, pingEvery, pingTimeout) } shouldBe listOf(15.seconds, 15.seconds, 5.seconds)
        options.prefetch shouldBe 16
        options.token.size shouldBe 0
        "$options" shouldBe "ProviderOptions(link=${LinkOptions()}, prefetch=16, helloTimeout=15s, pingEvery=15s, pingTimeout=5s)"
        "${ProviderOptions.builder().build()}" shouldBe "$options"
    }

    val refused = mapOf<String, ProviderOptions.Builder.() -> Unit>(
        "a token of 4097 bytes, over 4096" to { token = ByteArray(4097) },
        "prefetch < 0: -1" to { prefetch = -1 },
        "helloTimeout is not positive: 0s" to { helloTimeout = Duration.ZERO },
        "pingEvery is not positive: 0s" to { pingEvery = Duration.ZERO },
        "pingTimeout is not positive: -5s" to { pingTimeout = (-5).seconds },
    )
    for ((message, change) in refused) {
        "what may not be is refused: $message" {
            shouldThrow<IllegalArgumentException> { ProviderOptions(change) }.message shouldBe message
        }
    }

    "each has a setter for Java, and durations are Java's" {
        val link = LinkOptions { backoff = Backoff.never }
        val options = ProviderOptions.builder().link(link).token("secret").prefetch(0).helloTimeout(ofSeconds(1))
            .pingEvery(ofSeconds(2)).pingTimeout(ofSeconds(3)).build()
        options.link shouldBeSameInstanceAs link
        options.prefetch shouldBe 0
        options.token.decodeToString() shouldBe "secret"
        options.run { listOf(helloTimeoutAsJava(), pingEveryAsJava(), pingTimeoutAsJava()) } shouldBe
            listOf(ofSeconds(1), ofSeconds(2), ofSeconds(3))
        "$options".contains("secret") shouldBe false
        ProviderOptions.builder().pingEvery(null).build().run { listOf(pingEvery, pingEveryAsJava()) } shouldBe
            listOf(Duration.INFINITE, null)
    }
})
