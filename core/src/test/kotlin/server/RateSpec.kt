package io.hawser.server

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import kotlin.random.Random

/** Takes a token, or tells how long it is until there is one. */
private fun Rate.tryTake(now: Long): Long = untilNext(now).also { if (it == 0L) take(now) }

class RateSpec : StringSpec({
    val second = 1_000_000_000L

    "a second's tokens are there at once, and then one after the other" {
        val rate = Rate(10)
        repeat(10) { rate.tryTake(0) shouldBe 0 }
        rate.tryTake(0) shouldBe second / 10
        rate.tryTake(second / 20) shouldBeInRange second / 20 - 2..second / 20 + 2
        rate.tryTake(second / 10 + 2) shouldBe 0
    }

    "no more than a second's tokens are stored" {
        val rate = Rate(10)
        repeat(10) { rate.tryTake(0) }
        repeat(10) { rate.tryTake(3600 * second) shouldBe 0 }
        (rate.tryTake(3600 * second) > 0) shouldBe true
    }

    "a token that nobody took is none the less one of the second's" {
        val rate = Rate(4)
        rate.untilNext(0) shouldBe 0
        rate.take(100 * second)
        repeat(3) { rate.tryTake(100 * second) shouldBe 0 }
        (rate.tryTake(100 * second) > 0) shouldBe true
    }

    "whoever waits as long as told gets a token, wherever the clock begins" {
        val random = Random(1)
        repeat(100) {
            val rate = Rate(random.nextInt(1, 1_000_000))
            var now = random.nextLong()
            repeat(1000) {
                val wait = rate.tryTake(now)
                if (wait > 0) {
                    now += wait + 1
                    (rate.tryTake(now) <= 1) shouldBe true
                }
            }
        }
    }

    "a server that nobody has come to for long lets the next one in, however high its rate" {
        for (perSecond in listOf(1000, 100_000, 1_000_000_000)) {
            val rate = Rate(perSecond)
            rate.tryTake(0) shouldBe 0
            for (away in listOf(60L, 86_400L, 200 * 86_400L)) rate.tryTake(away * second) shouldBe 0
        }
    }
})
