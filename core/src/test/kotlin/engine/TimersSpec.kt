package io.hawser.engine

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.SECONDS
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

@OptIn(ExperimentalCoroutinesApi::class)
class TimersSpec : StringSpec({
    timeout = 60_000

    "a hundred thousand timers that are taken back leave nothing behind" {
        loop { loop ->
            withContext(loop) { schedule(loop, 50_000).forEach(DisposableHandle::dispose) }
            withContext(Dispatchers.Default) { schedule(loop, 50_000).forEach(DisposableHandle::dispose) }
            loop.pending() shouldBe 0

            val here = withContext(Dispatchers.Default) { schedule(loop, 50_000) }
            val there = withContext(loop) { schedule(loop, 50_000) }
            loop.pending() shouldBe 100_000
            withContext(loop) {
                here.shuffled(Random(1)).forEach(DisposableHandle::dispose)
                loop.timers.size shouldBe 50_000
            }
            withContext(Dispatchers.Default) { there.shuffled(Random(2)).forEach(DisposableHandle::dispose) }
            loop.pending() shouldBe 0
        }
    }

    "a timer that was scheduled elsewhere and disposed on the loop before it arrived is not there" {
        loop { loop ->
            val disposed = CountDownLatch(1)
            val scheduled = CompletableDeferred<DisposableHandle>()
            loop.execute {
                // The loop is held up, so the timer waits among its tasks.
                while (!scheduled.isCompleted) Thread.onSpinWait()
                scheduled.getCompleted().dispose()
                disposed.countDown()
            }
            scheduled.complete(loop.schedule(1.hours) { })
            disposed.await(10, SECONDS) shouldBe true
            loop.pending() shouldBe 0
        }
    }

    "disposing twice, from anywhere, or after the action has run does nothing" {
        loop { loop ->
            val ran = AtomicInteger()
            val fired = CompletableDeferred<Unit>()
            val timer = loop.schedule(1.milliseconds) {
                ran.incrementAndGet()
                fired.complete(Unit)
            }
            fired.await()
            timer.dispose()
            withContext(loop) { repeat(2) { timer.dispose() } }

            val other = loop.schedule(1.hours) { ran.incrementAndGet() }
            coroutineScope { repeat(4) { launch(if (it % 2 == 0) loop else Dispatchers.Default) { repeat(2) { other.dispose() } } } }
            loop.pending() shouldBe 0
            ran.get() shouldBe 1
        }
    }

    "an action may dispose its own timer and others, and schedule more" {
        loop { loop ->
            val order = mutableListOf<String>()
            val done = CompletableDeferred<Unit>()
            withContext(loop) {
                lateinit var own: DisposableHandle
                lateinit var other: DisposableHandle
                own = loop.schedule(1.milliseconds) {
                    own.dispose()
                    other.dispose()
                    order += "first"
                    loop.schedule(Duration.ZERO) {
                        order += "second"
                        done.complete(Unit)
                    }
                }
                other = loop.schedule(1.milliseconds) { order += "never" }
                Unit
            }
            withTimeout(10.seconds) { done.await() }
            order.shouldContainExactly("first", "second")
            loop.pending() shouldBe 0
        }
    }

    "a time that has passed already is now, however long ago" {
        loop { loop ->
            for (after in listOf((-1).seconds, -Duration.INFINITE)) {
                val later = loop.schedule(1.hours) { }
                val ran = CompletableDeferred<Unit>()
                loop.schedule(after) { ran.complete(Unit) }
                withTimeout(10.seconds) { ran.await() }
                later.dispose()
            }
            loop.pending() shouldBe 0
        }
    }

    "an action runs once or, if disposed in time, never, whoever is faster" {
        loop { loop ->
            val ran = AtomicInteger()
            val disposedInTime = AtomicInteger()
            withContext(Dispatchers.Default) {
                repeat(10_000) {
                    val mine = AtomicInteger()
                    val timer = loop.schedule((it % 3).microseconds) { mine.incrementAndGet() }
                    repeat(it % 50) { Thread.onSpinWait() }
                    timer.dispose()
                    withContext(loop) { }
                    if (mine.get() == 0) disposedInTime.incrementAndGet() else ran.addAndGet(mine.get())
                }
            }
            ran.get() + disposedInTime.get() shouldBe 10_000
            loop.pending() shouldBe 0
        }
    }

    "the end of a loop runs what is left and takes late disposals" {
        val ran = AtomicInteger()
        val late = mutableListOf<DisposableHandle>()
        val ended = CompletableDeferred<String>()
        loop { loop ->
            val disposed = schedule(loop, 100) { ran.incrementAndGet() }
            late += schedule(loop, 100) { ran.incrementAndGet() }
            loop.schedule(2.hours) { ended.complete(Thread.currentThread().name) }
            disposed.forEach(DisposableHandle::dispose)
            loop.pending() shouldBe 101
        }
        ended.await().startsWith("hawser-fallback") shouldBe true
        ran.get() shouldBe 100
        late.forEach(DisposableHandle::dispose)
        ran.get() shouldBe 100
    }

    "disposals while the loop ends neither hang nor run anything" {
        repeat(50) {
            val ran = AtomicInteger()
            val ended = CompletableDeferred<Unit>()
            coroutineScope {
                loop { loop ->
                    val timers = schedule(loop, 500) { ran.incrementAndGet() }
                    loop.pending() shouldBe 500
                    timers.forEach(DisposableHandle::dispose)
                    launch(Dispatchers.Default) { timers.reversed().forEach(DisposableHandle::dispose) }
                    loop.schedule(2.hours) { ended.complete(Unit) }
                }
            }
            ended.await()
            ran.get() shouldBe 0
        }
    }
})

private suspend fun loop(block: suspend (EventLoop) -> Unit) {
    EventLoopGroup(EventLoopOptions { loops = 1 }).use { block(it.next()) }
}

private fun schedule(loop: EventLoop, count: Int, action: Runnable = Runnable { error("an hour has passed") }): List<DisposableHandle> =
    List(count) { loop.schedule(1.hours, action) }

/** Counted once the loop has done everything that was posted to it before. */
private suspend fun EventLoop.pending(): Int = withContext(this) { timers.size }
