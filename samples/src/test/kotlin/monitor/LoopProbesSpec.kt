package io.hawser.samples.monitor

import io.hawser.testkit.virtualTime
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.nulls.shouldNotBeNull
import io.kotest.matchers.shouldBe
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Runnable
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

class LoopProbesSpec : StringSpec({
    /** Runs what it is given when it is told to. */
    class Loop : CoroutineDispatcher() {
        val tasks = ArrayDeque<Runnable>()

        override fun dispatch(context: CoroutineContext, block: Runnable) {
            tasks += block
        }

        fun turn() {
            while (tasks.isNotEmpty()) tasks.removeFirst().run()
        }
    }

    infix fun Duration?.isAbout(expected: Duration) {
        shouldNotBeNull() shouldBeGreaterThan expected * 0.98
        this shouldBeLessThan expected * 1.02
    }

    "each loop has one task at a time, and what it waits is the delay" {
        virtualTime {
            val loops = List(2) { Loop() }
            val probes = LoopProbes(loops) { elapsed.inWholeNanoseconds }
            val running = launch { probes.run() }
            repeat(10) {
                delay(30.milliseconds)
                loops.forEach { it.tasks.size shouldBe 1 }
                loops[0].turn()
                delay(60.milliseconds)
                loops[1].turn()
                delay(10.milliseconds)
            }
            val quantiles = probes.turn().shouldNotBeNull()
            quantiles.p50 isAbout 30.milliseconds
            quantiles.p99 isAbout 90.milliseconds
            running.cancel()
        }
    }

    "a loop that stands still is seen while it does" {
        virtualTime {
            val loop = Loop()
            val probes = LoopProbes(listOf(loop)) { elapsed.inWholeNanoseconds }
            val running = launch { probes.run() }
            delay(3.seconds)
            loop.tasks.size shouldBe 1
            probes.turn()?.max isAbout 3.seconds
            // Each task that could not be sent would have waited too.
            probes.turn()?.p50 isAbout 1.5.seconds
            loop.turn()
            running.cancel()
        }
    }

    "what was measured is forgotten after ten turns" {
        val window = Window()
        window.turn() shouldBe null
        window.record(5.seconds.inWholeNanoseconds)
        repeat(Window.TURNS) {
            window.turn()?.max isAbout 5.seconds
            window.record(1)
        }
        window.turn() shouldBe Quantiles(1.nanoseconds, 1.nanoseconds, 1.nanoseconds)
    }

    "what takes no time, or days, is measured all the same" {
        val window = Window()
        window.record(-1)
        window.record(Long.MAX_VALUE)
        window.turn()?.max isAbout 3600.seconds
    }
})
