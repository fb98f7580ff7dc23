package io.hawser.broker.link

import io.hawser.testkit.ManualLoop
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds

/** Requests with deadlines, and when each of them was ended. */
@OptIn(TransportApi::class)
private class Requests(private val loop: ManualLoop) {
    private val live = mutableListOf<Long>()
    val ended = mutableListOf<Long>()
    var sweeps = 0
    var duringSweep: () -> Unit = {}

    val deadlines = Deadlines(loop) { now ->
        sweeps++
        duringSweep()
        val due = live.filter { it - now <= 0 }
        live -= due.toSet()
        ended += due.map { now.nanoseconds.inWholeMilliseconds }
        live.minOrNull()
    }

    fun ask(timeout: Duration) {
        val deadline = loop.nanoTime() + timeout.inWholeNanoseconds
        live += deadline
        deadlines.note(deadline)
    }

    fun end(timeout: Duration) {
        live -= loop.nanoTime() + timeout.inWholeNanoseconds
    }
}

class DeadlinesSpec : StringSpec({
    "each is ended when it is due" {
        val loop = ManualLoop()
        val requests = Requests(loop)
        for (timeout in listOf(500, 100, 900, 300)) requests.ask(timeout.milliseconds)
        loop.advanceBy(99.milliseconds)
        requests.ended.shouldBeEmpty()
        loop.advanceBy(901.milliseconds)
        requests.ended shouldBe listOf(100L, 300L, 500L, 900L)
        requests.sweeps shouldBe 4
    }

    "a later one does not move the timer, and one that has ended costs a sweep at most" {
        val loop = ManualLoop()
        val requests = Requests(loop)
        requests.ask(100.milliseconds)
        requests.end(100.milliseconds)
        requests.ask(10.seconds)
        loop.advanceBy(1.seconds)
        requests.sweeps shouldBe 1
        loop.advanceBy(1.hours)
        requests.ended shouldBe listOf(10_000L)
        requests.sweeps shouldBe 2
    }

    "with equal timeouts and a steady load there is a sweep per timeout, or one in ten milliseconds where all are late" {
        val loop = ManualLoop()
        val requests = Requests(loop)
        repeat(10_000) {
            requests.ask(1.seconds)
            requests.end(1.seconds)
            loop.advanceBy(1.milliseconds)
        }
        requests.sweeps shouldBe 10
        requests.ended.shouldBeEmpty()
        val late = Requests(loop)
        repeat(1_000) {
            late.ask(1.milliseconds)
            loop.advanceBy(1.milliseconds)
        }
        loop.advanceBy(1.seconds)
        late.ended.size shouldBe 1_000
        (late.sweeps in 90..101) shouldBe true
    }

    "one that was due already is ended at once" {
        val loop = ManualLoop()
        val requests = Requests(loop)
        loop.advanceBy(1.seconds)
        requests.ask((-5).milliseconds)
        requests.ended.shouldBeEmpty()
        loop.runUntilIdle()
        requests.ended shouldBe listOf(1_000L)
    }

    "one that comes while others are swept is not forgotten" {
        val loop = ManualLoop()
        val requests = Requests(loop)
        requests.ask(100.milliseconds)
        requests.duringSweep = {
            requests.duringSweep = {}
            requests.ask(50.milliseconds)
        }
        loop.advanceBy(1.seconds)
        requests.ended shouldBe listOf(100L, 150L)
    }

    "after the last one no timer is left, and nothing is ended once it is stopped" {
        val loop = ManualLoop()
        val requests = Requests(loop)
        requests.ask(100.milliseconds)
        loop.advanceBy(100.milliseconds)
        requests.sweeps shouldBe 1
        loop.advanceBy(1.hours)
        requests.sweeps shouldBe 1
        requests.ask(100.milliseconds)
        requests.deadlines.stop()
        requests.deadlines.stop()
        requests.ask(50.milliseconds)
        loop.advanceBy(1.hours)
        requests.ended shouldBe listOf(100L)
        requests.sweeps shouldBe 1
    }
})
