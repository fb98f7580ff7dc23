@file:OptIn(TransportApi::class)

package io.hawser.rate

import io.hawser.transport.Buffers
import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.DisposableHandle

/** A loop whose time is set by hand, and which has a timer at most. */
internal class HandLoop : Loop {
    var now = 0L
    private var due = 0L
    private var action: Runnable? = null

    /** How long it is until the timer, or null if there is none. */
    val untilTimer: Long? get() = if (action == null) null else due - now

    /** Goes on to the timer, which fires. */
    fun goOn() {
        now = maxOf(now, due)
        fire()
    }

    /** The timer fires now, as it does when the loop ends. */
    fun fire() = checkNotNull(action).also { action = null }.run()

    override fun schedule(after: Duration, action: Runnable): DisposableHandle {
        check(this.action == null) { "two timers" }
        this.action = action
        due = now + after.inWholeNanoseconds
        return DisposableHandle { if (this.action === action) this.action = null }
    }

    override val dispatcher: CoroutineDispatcher get() = Dispatchers.Default
    override val buffers: Buffers get() = error("no buffers")

    override fun nanoTime(): Long = now

    override fun spent(): Boolean = false
}
