@file:OptIn(TransportApi::class, ExperimentalCoroutinesApi::class)

package io.hawser.tcp

import io.hawser.testkit.ManualLoop
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainAll
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

class RaceSpec : StringSpec({
    "each begins when the one before has failed or has had its time, and the first to answer ends the others" {
        val track = Track(fails(10.milliseconds), hangs, answers(400.milliseconds), hangs, answers(1.seconds))
        val race = track.race()
        track.loop.advanceBy(10.seconds)
        race.getCompleted() shouldBe 2
        track.log shouldBe listOf(
            "0ms: 0 begins",
            "10ms: 0 fails",
            "10ms: 1 begins",
            "260ms: 2 begins",
            "510ms: 3 begins",
            "660ms: 2 is open",
            "660ms: 1 is cancelled",
            "660ms: 3 is cancelled",
        )
    }

    "who answers at once is alone" {
        val track = Track(answers(Duration.ZERO), answers(Duration.ZERO))
        val race = track.race()
        track.loop.runUntilIdle()
        race.getCompleted() shouldBe 0
        track.log shouldBe listOf("0ms: 0 begins", "0ms: 0 is open")
    }

    "an earlier one may still win while a later one tries" {
        val track = Track(answers(300.milliseconds), answers(300.milliseconds))
        val race = track.race()
        track.loop.advanceBy(1.seconds)
        race.getCompleted() shouldBe 0
        track.log.last() shouldBe "300ms: 1 is cancelled"
    }

    "one that opens in the same instant as the winner is closed" {
        val track = Track(answers(500.milliseconds, heeds = false), answers(250.milliseconds, heeds = false))
        val race = track.race()
        track.loop.advanceBy(1.seconds)
        track.log.filter { "open" in it || "discarded" in it } shouldBe
            listOf("500ms: 0 is open", "500ms: 1 is open", "500ms: 1 is discarded")
        race.getCompleted() shouldBe 0
    }

    "when all fail every failure is told, in the order of the candidates" {
        val track = Track(fails(300.milliseconds), fails(10.milliseconds), fails(Duration.ZERO))
        val race = track.race()
        track.loop.advanceBy(1.seconds)
        track.loop.elapsed shouldBe 1.seconds
        shouldThrow<AllFailed> { race.getCompleted() }.failures.map { it?.message } shouldBe listOf("0", "1", "2")
    }

    "without a delay they come one after the other" {
        val track = Track(fails(1.seconds), fails(1.seconds), answers(1.seconds))
        val race = track.race(delay = Duration.INFINITE)
        track.loop.advanceBy(3.seconds)
        race.getCompleted() shouldBe 2
        track.log.filter { "begins" in it } shouldBe listOf("0ms: 0 begins", "1000ms: 1 begins", "2000ms: 2 begins")
    }

    "a cancellation that an attempt makes up is its failure" {
        val track = Track(Course(Duration.ZERO, CancellationException("made up")), answers(10.milliseconds))
        val race = track.race()
        track.loop.advanceBy(1.seconds)
        race.getCompleted() shouldBe 1
    }

    "a caller who is cancelled leaves nothing open, whenever that is" {
        for (instant in 0..700 step 10) {
            val track = Track(fails(10.milliseconds), answers(500.milliseconds, heeds = false), answers(300.milliseconds, heeds = false))
            val race = track.race()
            track.loop.advanceBy(instant.milliseconds)
            race.cancel()
            track.loop.advanceBy(1.seconds)
            race.isCompleted shouldBe true
            track.open shouldBe if (race.isCancelled) emptySet() else setOf(1)
        }
    }

    "whatever the interleaving, what was opened is closed but for the winner" {
        val outcomes = ConcurrentHashMap<String, Int>()
        withTimeout(HANG) {
            val random = Random(8305)
            repeat(5_000) {
                val opened = AtomicInteger()
                val closed = AtomicInteger()
                // A result that a coroutine is cancelled with is its caller's to hold.
                val held = AtomicInteger()
                val candidates = List(random.nextInt(1, 6)) { random.nextInt() }
                val race = CoroutineScope(Dispatchers.Default).async {
                    race(candidates, random.nextInt(300).microseconds, discard = { closed.incrementAndGet() }) { seed ->
                        val own = Random(seed)
                        pause(own)
                        if (own.nextInt(3) == 0) throw IOException("refused")
                        if (own.nextBoolean()) withContext(NonCancellable) { pause(own) } else pause(own)
                        // From here on a cancellation comes too late.
                        opened.incrementAndGet()
                    }.also { held.incrementAndGet() }
                }
                if (random.nextInt(3) == 0) {
                    pause(random)
                    race.cancel()
                }
                val won = runCatching { race.await() }
                race.join()
                opened.get() shouldBe closed.get() + held.get()
                outcomes.merge(won.exceptionOrNull()?.let { if (it is AllFailed) "failed" else "cancelled" } ?: "won", 1, Int::plus)
                if (closed.get() > 0) outcomes.merge("too late", 1, Int::plus)
            }
        }
        outcomes.keys shouldContainAll setOf("won", "failed", "cancelled", "too late")
    }
})

/** What becomes of an attempt [after] how long. One that does not [heed][heeds] cancellation opens all the same. */
private class Course(val after: Duration, val failure: Throwable? = null, val heeds: Boolean = true)

private val hangs = Course(Duration.INFINITE)

private fun fails(after: Duration) = Course(after, IOException())

private fun answers(after: Duration, heeds: Boolean = true) = Course(after, heeds = heeds)

/** A race in virtual time. */
private class Track(private vararg val courses: Course) {
    val loop = ManualLoop()
    val log = mutableListOf<String>()
    val open = mutableSetOf<Int>()

    fun race(delay: Duration = 250.milliseconds): Deferred<Int> = CoroutineScope(loop.dispatcher).async {
        race(courses.indices.toList(), delay, discard = { discard(it) }) { attempt(it) }
    }

    private suspend fun attempt(number: Int): Int {
        note("$number begins")
        val course = courses[number]
        try {
            if (course.heeds) delay(course.after) else withContext(NonCancellable) { delay(course.after) }
        } catch (e: CancellationException) {
            note("$number is cancelled")
            throw e
        }
        course.failure?.let {
            note("$number fails")
            throw if (it.message == null) IOException("$number") else it
        }
        note("$number is open")
        open += number
        return number
    }

    private fun discard(number: Int) {
        note("$number is discarded")
        open -= number
    }

    private fun note(what: String) {
        log += "${loop.elapsed.inWholeMilliseconds}ms: $what"
    }
}

private suspend fun pause(random: Random) {
    when (random.nextInt(4)) {
        0 -> delay(random.nextLong(3).milliseconds)
        1 -> repeat(random.nextInt(20)) { yield() }
        2 -> yield()
    }
}
