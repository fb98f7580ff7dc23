package io.hawser.broker.link

import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.DisposableHandle

/**
 * Ends what is due, with one timer for any number of requests: it fires at the earliest deadline that is known, and then [sweep], which is
 * called on the [loop] and without locks, ends what is due of all of them and returns the earliest deadline that is left. Where there are
 * many, a sweep comes [PAUSE] after the last one at the earliest.
 *
 * Deadlines are instants of the loop's clock.
 */
@OptIn(TransportApi::class)
internal class Deadlines(private val loop: Loop, private val sweep: (now: Long) -> Long?) {
    /** Guarded by the monitor, like what follows; null if no deadline is known. */
    private var timer: DisposableHandle? = null

    /** When [timer] fires. */
    private var due = 0L

    private var nextSweep = loop.nanoTime()
    private var isStopped = false

    /** There is a request with that [deadline]: it must be there for the next sweep already. Any thread. */
    @Synchronized
    fun note(deadline: Long) {
        val at = if (deadline - nextSweep > 0) deadline else nextSweep
        if (isStopped || (timer != null && at - due >= 0)) return
        timer?.dispose()
        due = at
        timer = loop.schedule((at - loop.nanoTime()).coerceAtLeast(0).nanoseconds, ::look)
    }

    /** Nothing is swept any more, but what has begun to be. Idempotent. */
    @Synchronized
    fun stop() {
        isStopped = true
        timer?.dispose()
        timer = null
    }

    private fun look() {
        val now = loop.nanoTime()
        synchronized(this) {
            // Too early is a timer that another has replaced, or the end of the loop, when all fire.
            if (timer == null || now - due < 0) return
            timer = null
            nextSweep = now + PAUSE.inWholeNanoseconds
        }
        sweep(now)?.let(::note)
    }

    private companion object {
        val PAUSE = 10.milliseconds
    }
}
