@file:OptIn(TransportApi::class)

package io.hawser.rate

import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.atomic.AtomicLong
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

class HoldsSpec : StringSpec({
    "they last as long as they have, together" {
        val loop = HandLoop()
        val holds = Holds()
        holds.free(0) shouldBe Duration.INFINITE
        holds.begin(0) shouldBe true
        holds.free(5) shouldBe null
        holds.held(5) shouldBe 5
        loop.now = 10
        holds.end(loop)
        holds.held(100) shouldBe 10
        holds.free(100) shouldBe 90.nanoseconds
        holds.begin(100) shouldBe false
        holds.held(101) shouldBe 11
    }

    "what a looker is told never falls" {
        val clock = AtomicLong()
        val holds = Holds()
        val loop = object : Loop by HandLoop() {
            override fun nanoTime(): Long = clock.incrementAndGet()
        }
        val holding = thread {
            repeat(200_000) {
                holds.begin(loop.nanoTime())
                holds.end(loop)
            }
        }
        var last = 0L
        var falls = 0
        while (holding.isAlive) {
            val held = holds.held(loop.nanoTime())
            if (held < last) falls++
            last = held
        }
        falls shouldBe 0
    }
})
