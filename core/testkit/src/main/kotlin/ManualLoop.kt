@file:OptIn(TransportApi::class, InternalCoroutinesApi::class)

package io.hawser.testkit

import io.hawser.KotlinOnly
import io.hawser.transport.Buffers
import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import java.util.PriorityQueue
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.coroutines.CoroutineContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Delay
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.InternalCoroutinesApi

/**
 * A loop that runs when it is told to, on the thread that tells it, with a clock that only [advanceBy] moves.
 *
 * Streams of [Memory] live on it as on any loop. What is launched on [dispatcher] waits for virtual time in `delay` and `withTimeout`
 * too, so that hours pass in no time, and in the same order each time. Tasks and timers may be added from any thread; one thread at a
 * time drives. What a task or a timer throws reaches the driver.
 */
public class ManualLoop : Loop {
    override val dispatcher: CoroutineDispatcher = Tasks()
    override val buffers: Buffers = Buffers(BUFFER_SIZE)

    private val tasks = ConcurrentLinkedQueue<Runnable>()

    /** Guarded by itself, like [timersMade]. */
    private val timers = PriorityQueue<Timer>(compareBy(Timer::due, Timer::number))
    private var timersMade = 0L

    @Volatile
    private var now = 0L

    @Volatile
    private var driver: Thread? = null

    /** Touched by the driver only. */
    private var budget = 0

    /** How much virtual time has passed. */
    @get:JvmSynthetic
    public val elapsed: Duration get() = now.nanoseconds

    /** For Java: see [elapsed]. */
    @JvmName("getElapsed")
    public fun elapsedAsJava(): java.time.Duration = elapsed.toJavaDuration()

    override fun nanoTime(): Long = now

    @KotlinOnly
    override fun schedule(after: Duration, action: Runnable): DisposableHandle {
        val due = now + after.inWholeNanoseconds.coerceIn(0, Long.MAX_VALUE / 2)
        return synchronized(timers) { Timer(due, timersMade++, action).also(timers::add) }
    }

    override fun spent(): Boolean {
        if (driver !== Thread.currentThread() || --budget >= 0) return false
        budget = OPERATIONS_PER_TASK
        return true
    }

    /**
     * Runs what is ready, and what becomes ready by it, and the timers that are due, until nothing is left; returns how many tasks and
     * timers that were. Time stands still.
     *
     * @throws IllegalStateException if the loop is being driven already.
     */
    public fun runUntilIdle(): Int = driving { drain() }

    /**
     * Moves the clock by [duration], stopping at each timer on the way to run it and what it makes ready, those of the same instant in
     * the order in which they were scheduled.
     *
     * @throws IllegalArgumentException if [duration] is negative or infinite.
     * @throws IllegalStateException if the loop is being driven already.
     */
    @JvmSynthetic
    public fun advanceBy(duration: Duration) {
        require(!duration.isNegative() && duration.isFinite()) { "not a finite duration >= 0: $duration" }
        driving {
            val end = now + duration.inWholeNanoseconds
            drain()
            while (true) {
                val next = synchronized(timers) { timers.peek()?.due } ?: break
                if (next > end) break
                // Another thread may have read the clock before it moved, and added its timer since.
                now = maxOf(now, next)
                drain()
            }
            now = end
        }
    }

    /** [advanceBy] for callers with Java's durations. */
    public fun advanceBy(duration: java.time.Duration): Unit = advanceBy(duration.toKotlinDuration())

    override fun toString(): String = "manual loop at $elapsed"

    /** Runs the next task, else the next timer at its time, and tells whether there was any. */
    internal fun runNext(): Boolean = driving {
        val next = tasks.poll() ?: nextDue() ?: synchronized(timers) {
            now = maxOf(now, timers.peek()?.due ?: return false)
            timers.poll()
        }
        budget = OPERATIONS_PER_TASK
        next.run()
        true
    }

    private inline fun <T> driving(block: () -> T): T {
        synchronized(tasks) {
            check(driver == null) { "$driver drives the loop already" }
            driver = Thread.currentThread()
        }
        try {
            return block()
        } finally {
            driver = null
        }
    }

    private fun drain(): Int {
        var ran = 0
        while (true) {
            val next = tasks.poll() ?: nextDue() ?: return ran
            budget = OPERATIONS_PER_TASK
            next.run()
            ran++
        }
    }

    private fun nextDue(): Runnable? = synchronized(timers) {
        if ((timers.peek() ?: return null).due <= now) timers.poll() else null
    }

    private fun remove(timer: Timer) {
        synchronized(timers) { timers.remove(timer) }
    }

    private inner class Timer(val due: Long, val number: Long, private val action: Runnable) : Runnable, DisposableHandle {
        override fun run() = action.run()

        override fun dispose() = remove(this)
    }

    private inner class Tasks : CoroutineDispatcher(), Delay {
        override fun dispatch(context: CoroutineContext, block: Runnable) {
            tasks.add(block)
        }

        override fun scheduleResumeAfterDelay(timeMillis: Long, continuation: CancellableContinuation<Unit>) {
            val timer = schedule(timeMillis.milliseconds) { continuation.resumeWith(Result.success(Unit)) }
            continuation.invokeOnCancellation { timer.dispose() }
        }

        override fun invokeOnTimeout(timeMillis: Long, block: Runnable, context: CoroutineContext): DisposableHandle =
            schedule(timeMillis.milliseconds, block)

        override fun toString(): String = this@ManualLoop.toString()
    }

    private companion object {
        const val BUFFER_SIZE = 64 * 1024

        /** As on an event loop. */
        const val OPERATIONS_PER_TASK = 64
    }
}
