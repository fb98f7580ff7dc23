package io.hawser.rate

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe

class PaceSpec : StringSpec({
    val second = 1_000_000_000L

    "who asks at once is told of no more than a tenth of a second makes of it" {
        Pace(began = 0).measure(now = second / 50_000, 64_000, 10) shouldBe (640_000.0 to 100.0)
        Pace(began = 0).measure(now = 0, 0, 0) shouldBe (0.0 to 0.0)
        Pace(began = 0).measure(now = second / 2, 500, 100) shouldBe (1_000.0 to 200.0)
    }
})
