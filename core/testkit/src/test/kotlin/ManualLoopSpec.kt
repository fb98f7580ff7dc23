@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

class ManualLoopSpec : StringSpec({
    "nothing runs until it is told to, and then in order" {
        val loop = ManualLoop()
        val ran = mutableListOf<Int>()
        val scope = CoroutineScope(loop.dispatcher)
        repeat(3) { number -> scope.launch { ran += number } }
        ran shouldBe emptyList()
        loop.runUntilIdle() shouldBe 3
        ran shouldContainExactly listOf(0, 1, 2)
        loop.runUntilIdle() shouldBe 0
    }

    "timers run in the order they are due, and those of one instant as they were made" {
        val loop = ManualLoop()
        val ran = mutableListOf<Pair<String, Duration>>()
        fun timer(name: String, after: Duration) = loop.schedule(after) { ran += name to loop.elapsed }
        timer("c", 20.milliseconds)
        timer("a", 10.milliseconds)
        timer("d", 20.milliseconds)
        timer("b", 10.milliseconds)
        loop.advanceBy(19.milliseconds)
        loop.advanceBy(1.milliseconds)
        ran shouldContainExactly listOf(
            "a" to 10.milliseconds,
            "b" to 10.milliseconds,
            "c" to 20.milliseconds,
            "d" to 20.milliseconds,
        )
        loop.elapsed shouldBe 20.milliseconds
    }

    "a timer may make another that is due on the same way" {
        val loop = ManualLoop()
        val ran = mutableListOf<Duration>()
        fun again() {
            ran += loop.elapsed
            loop.schedule(1.seconds, ::again)
        }
        loop.schedule(1.seconds, ::again)
        loop.advanceBy(3500.milliseconds)
        ran shouldContainExactly listOf(1.seconds, 2.seconds, 3.seconds)
    }

    "a disposed timer does not run, and one without delay runs with the tasks" {
        val loop = ManualLoop()
        var ran = 0
        loop.schedule(1.seconds) { ran++ }.dispose()
        loop.schedule(Duration.ZERO) { ran += 10 }
        loop.schedule((-1).seconds) { ran += 100 }
        loop.runUntilIdle() shouldBe 2
        loop.advanceBy(10.seconds)
        ran shouldBe 110
    }

    "delay and withTimeout wait for virtual time" {
        val loop = ManualLoop()
        val seen = mutableListOf<String>()
        val scope = CoroutineScope(loop.dispatcher)
        scope.launch {
            delay(1.hours)
            seen += "an hour"
        }
        scope.launch { if (withTimeoutOrNull(30.seconds) { delay(1.hours) } == null) seen += "half a minute" }
        val cancelled = scope.launch { delay(10.seconds) }
        loop.runUntilIdle()
        cancelled.cancel()
        loop.advanceBy(1.hours)
        seen shouldContainExactly listOf("half a minute", "an hour")
    }

    "a task has had its share after 64 operations, and then another, and whoever is not on the loop never" {
        val loop = ManualLoop()
        loop.spent() shouldBe false
        val spent = mutableListOf<Boolean>()
        repeat(2) { loop.schedule(Duration.ZERO) { repeat(130) { spent += loop.spent() } } }
        loop.runUntilIdle()
        spent shouldContainExactly (List(64) { false } + true).let { share -> share + share }.let { task -> task + task }
        repeat(100) { loop.spent() shouldBe false }
    }

    "the clock never goes back, whenever another thread adds a timer" {
        val loop = ManualLoop()
        var latest = Duration.ZERO
        var back = 0
        fun look() {
            if (loop.elapsed < latest) back++
            latest = maxOf(latest, loop.elapsed)
        }
        repeat(STEPS) { loop.schedule(it.nanoseconds, ::look) }
        val done = AtomicBoolean()
        val other = thread {
            while (!done.get()) {
                val ran = AtomicBoolean()
                loop.schedule(Duration.ZERO) {
                    look()
                    ran.set(true)
                }
                while (!ran.get() && !done.get()) Thread.onSpinWait()
            }
        }
        try {
            loop.advanceBy(STEPS.nanoseconds)
        } finally {
            done.set(true)
            other.join()
        }
        back shouldBe 0
    }

    "it is driven by one at a time, and hands on what a timer throws" {
        val loop = ManualLoop()
        loop.schedule(Duration.ZERO) { loop.runUntilIdle() }
        shouldThrow<IllegalStateException> { loop.runUntilIdle() }
        loop.runUntilIdle() shouldBe 0
        shouldThrow<IllegalArgumentException> { loop.advanceBy((-1).seconds) }
        shouldThrow<IllegalArgumentException> { loop.advanceBy(Duration.INFINITE) }
    }
})

private const val STEPS = 300_000
