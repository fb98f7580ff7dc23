package io.hawser.server

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.time.Duration

class TroubleSpec : StringSpec({
    val milli = 1_000_000L

    "what fails again and again has failed since it did first, because of what it did last" {
        var now = 5 * milli
        val trouble = Trouble { now }
        trouble.now(::Pair) shouldBe null
        val failures = List(6) { Throwable("failure $it") }
        for (failure in failures) {
            trouble.failed(failure)
            now += 1000 * milli
        }
        trouble.now(::Pair) shouldBe (Duration.ofSeconds(6) to failures.last())
        trouble.over()
        trouble.now(::Pair) shouldBe null
    }

    "what has not failed for a while does not fail, and fails anew later" {
        var now = 0L
        val trouble = Trouble { now }
        trouble.failed(Throwable())
        now += 1999 * milli
        trouble.now { lasts, _ -> lasts } shouldBe Duration.ofMillis(1999)
        now += milli
        trouble.now { lasts, _ -> lasts } shouldBe null
        trouble.failed(Throwable())
        now += 10 * milli
        trouble.now { lasts, _ -> lasts } shouldBe Duration.ofMillis(10)
    }
})
