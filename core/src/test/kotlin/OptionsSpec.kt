package io.hawser

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

class OptionsSpec : StringSpec({
    "options say what they are, and are refused with their value" {
        ServerOptions().toString() shouldBe "ServerOptions(backlog=511, handlerContext=EmptyCoroutineContext, group=shared)"
        ClientOptions { connectTimeout = 3.seconds }.toString() shouldBe "ClientOptions(connectTimeout=3s, group=shared)"
        shouldThrow<IllegalArgumentException> { ServerOptions { backlog = 0 } }.message shouldBe "backlog < 1: 0"
        shouldThrow<IllegalArgumentException> { ClientOptions { connectTimeout = Duration.ZERO } }.message shouldBe
            "connectTimeout is not positive: 0s"
    }
})
