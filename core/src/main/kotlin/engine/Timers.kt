package io.hawser.engine

import kotlin.time.Duration
import kotlinx.coroutines.DisposableHandle

/** The timers of [loop]. Scheduled and disposed by any thread; everything else is for the loop's thread. */
internal class Timers(private val loop: EventLoop) {
    private val queue = TimerQueue<Timer>()

    val size: Int get() = queue.size

    /** As [io.hawser.transport.Loop.schedule]; a loop that is no more has no time to wait for. */
    fun schedule(after: Duration, action: Runnable): DisposableHandle {
        val timer = Timer(System.nanoTime() + after.inWholeNanoseconds.coerceIn(0, Long.MAX_VALUE / 2), action)
        if (loop.isCurrent) queue.add(timer) else loop.execute(timer)
        return timer
    }

    /** The one that is due next. */
    fun next(): Timed? = queue.peek()

    fun runDue(now: Long) {
        while (true) {
            val timer = queue.peek() ?: return
            if (timer.due - now > 0) return
            queue.remove(timer)
            loop.runTask(timer::fire)
        }
    }

    /** Has the fallback thread run what is left, because the loop has no time left. */
    fun end() {
        while (true) Fallback.execute((queue.poll() ?: return)::fire)
    }

    /** As a task it settles on the loop whether it stands in the queue: posted by whoever schedules or disposes it elsewhere. */
    private inner class Timer(due: Long, private val action: Runnable) : Timed(due), DisposableHandle, Runnable {
        /** It has begun or will never: written by any thread. */
        @Volatile
        private var over = false

        override fun run() = when {
            !loop.isCurrent -> fire()
            over -> queue.remove(this)
            else -> queue.add(this)
        }

        fun fire() {
            if (over) return
            over = true
            action.run()
        }

        override fun dispose() {
            if (over) return
            over = true
            // The end of a loop empties its queue.
            if (loop.isCurrent) {
                queue.remove(this)
            } else if (loop.isAlive) {
                loop.execute(this)
            }
        }
    }
}
