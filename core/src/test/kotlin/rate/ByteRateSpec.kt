@file:OptIn(TransportApi::class)

package io.hawser.rate

import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeInRange
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import kotlin.random.Random

class ByteRateSpec : StringSpec({
    val second = 1_000_000_000L

    fun ByteRate.share() = Share(this) {}

    fun ByteRate.take(max: Long, now: Long, by: Share = share()): Long = room(by, max, now).also { moved(by, it, now) }

    "a tenth of a second's bytes are there at once, and then as many as come" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(500, now = 0) shouldBe 100
        rate.take(500, now = 0) shouldBe 0
        rate.take(5, now = second / 100 + 1) shouldBe 5
        rate.take(500, now = second / 50) shouldBe 0
        rate.take(500, now = second / 10) shouldBeInRange 94L..95L
        rate.take(500, now = 1000 * second) shouldBe 100
    }

    "room is not taken before something has moved, and no more than that" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        val one = rate.share()
        rate.room(one, 70, now = 0) shouldBe 70
        rate.room(rate.share(), 500, now = 0) shouldBe 100
        rate.moved(one, 30, now = 0)
        rate.take(500, now = 0) shouldBe 70
    }

    "who asks is served in turn, and nobody overtakes him" {
        val loop = HandLoop()
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, now = 0)
        val served = mutableListOf<Int>()
        val all = List(4) { Share(rate) { served += it } }
        all.forEach { rate.ask(it, 20, loop) shouldBe false }
        repeat(4) {
            served shouldBe List(it) { i -> i }
            loop.untilTimer.shouldNotBeNull() shouldBeInRange second / 50 - 9..second / 50 + 2
            loop.now += second / 100
            rate.take(5, now = loop.now) shouldBe 0
            loop.goOn()
        }
        served shouldBe listOf(0, 1, 2, 3)
        all.forEach { rate.room(it, 500, loop.now) shouldBe 20 }
        loop.untilTimer shouldBe null
    }

    "what somebody does not use is the next one's at once" {
        val loop = HandLoop()
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, now = 0)
        val (one, two, three) = List(3) { rate.share() }
        listOf(one, two, three).forEach { rate.ask(it, 50, loop) }
        loop.goOn()
        rate.moved(one, 10, loop.now)
        loop.untilTimer.shouldNotBeNull() shouldBeInRange second / 100 - 9..second / 100 + 2
        loop.goOn()
        two.given shouldBe 50
        rate.release(two)
        three.given shouldBe 50
        loop.untilTimer shouldBe null
    }

    "who leaves makes room for the next, and comes before him when he is back" {
        val loop = HandLoop()
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, now = 0)
        val (one, two) = List(2) { rate.share() }
        rate.ask(one, 50, loop)
        rate.ask(two, 10, loop)
        rate.leave(one, loop.now)
        loop.untilTimer.shouldNotBeNull() shouldBeInRange second / 100 - 9..second / 100 + 2
        rate.ask(one, 5, loop)
        loop.goOn()
        one.given shouldBe 5
        two.given shouldBe 0
        rate.release(two)
        loop.untilTimer shouldBe null
    }

    "who stands in line waits by the rate of the moment" {
        val loop = HandLoop()
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, now = 0)
        val (one, two) = List(2) { rate.share() }
        rate.ask(one, 50, loop)
        rate.ask(two, 50, loop)
        rate.change(20, now = 0)
        rate.quantum shouldBe 1
        loop.goOn()
        loop.now shouldBeInRange second / 20..second / 20 + 2
        one.given shouldBe 1
        rate.change(Long.MAX_VALUE, loop.now)
        loop.goOn()
        two.given shouldBe 50
        loop.now shouldBeInRange second / 20..second / 20 + 4
        rate.change(100, loop.now)
        rate.take(1L shl 40, loop.now) shouldBe 10
    }

    "what came before a change came at the rate of before" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, now = 0)
        rate.change(1_000_000, now = second / 20)
        rate.take(50, now = second / 20) shouldBe 50
        rate.take(1, now = second / 20) shouldBe 0
    }

    "who waits on a loop that has ended is sent on, and the others stay" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, now = 0)
        val (ending, living) = List(2) { HandLoop() }
        var sentOn = 0
        val one = Share(rate) { sentOn++ }
        val two = rate.share()
        rate.ask(one, 50, ending)
        rate.ask(two, 50, living)
        ending.fire()
        sentOn shouldBe 1
        one.given shouldBe 0
        living.goOn()
        two.given shouldBe 50
    }

    "clocks of others may be behind" {
        val rate = ByteRate(1_000, mostAtOnce = 4096)
        rate.take(100, now = second)
        rate.take(100, now = second / 2) shouldBe 0
        rate.take(10, now = second + second / 100) shouldBe 10
    }

    "over any time it gives the rate and what is there at once, whoever asks for how much" {
        val random = Random(3)
        val rate = ByteRate(12_345, mostAtOnce = 4096)
        val loop = HandLoop()
        var all = 0L
        val share = rate.share()
        while (loop.now < 100 * second) {
            val room = rate.room(share, random.nextLong(1, 3_000), loop.now)
            if (room == 0L) {
                if (!rate.ask(share, random.nextLong(1, 3_000), loop)) loop.goOn()
                continue
            }
            val moved = random.nextLong(0, room + 1)
            rate.moved(share, moved, loop.now)
            all += moved
        }
        all shouldBeInRange 1_234_500L..1_237_000L
    }
})
