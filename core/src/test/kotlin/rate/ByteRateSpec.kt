package io.hawser.rate

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class ByteRateSpec : StringSpec({
    val second = 1_000_000_000L

    "a tenth of a second's bytes are there at once, and then as many as come" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(500, least = 1, now = 0) shouldBe 100
        rate.take(500, least = 1, now = 0) shouldBe 0
        rate.take(500, least = 1, now = second / 100 + 1) shouldBe 10
        rate.take(500, least = 50, now = second / 50) shouldBe 0
        rate.take(500, least = 50, now = second / 10) shouldBeInRange 89L..90L
        rate.take(500, least = 1, now = 1000 * second) shouldBe 100
    }

    "what is reserved comes in the order of asking" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, least = 1, now = 0)
        List(4) { rate.reserve(50, now = 0) }.forEachIndexed { i, wait ->
            wait shouldBeInRange
                (i + 1) * second / 20..(i + 1) * second / 20 + 2
        }
        rate.take(10, least = 1, now = second / 10) shouldBe 0
        rate.giveBack(200)
        rate.take(500, least = 1, now = second / 10) shouldBe 100
    }

    "nothing comes of bytes that are given back but those" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        repeat(100) { rate.giveBack(rate.take(70, least = 1, now = 0)) }
        rate.take(500, least = 1, now = 0) shouldBe 100
    }

    "a rate that changes counts from then on, debts included" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, least = 1, now = 0)
        rate.reserve(100, now = 0)
        rate.perSecond = 10_000
        rate.quantum shouldBe 500
        rate.reserve(0, now = 0) shouldBeInRange second / 100..second / 100 + 2
        rate.perSecond = Long.MAX_VALUE
        rate.take(1L shl 40, least = 1, now = 1) shouldBeInRange 1L..(1L shl 40)
        rate.take(1L shl 40, least = 1, now = second) shouldBe (1L shl 40)
        rate.perSecond = 100
        rate.take(1L shl 40, least = 1, now = second) shouldBe 10
    }

    "clocks of others may be behind" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, least = 1, now = second)
        rate.take(100, least = 1, now = second / 2) shouldBe 0
        rate.take(100, least = 1, now = second + second / 100) shouldBe 10
    }

    "over any time it gives the rate and what is there at once, whoever asks for how much" {
        val random = Random(3)
        val rate = ByteRate(12_345, mostAtOnce = 4096)
        var now = 0L
        var all = 0L
        while (now < 100 * second) {
            val taken = rate.take(random.nextLong(1, 3_000), least = 1, now)
            val unused = random.nextLong(0, taken + 1)
            rate.giveBack(unused)
            all += taken - unused
            if (taken == 0L) now += rate.reserve(50, now).also { all += 50 }
        }
        all shouldBeInRange 1_234_500L..1_237_000L
    }
})
