package io.hawser.transport

import io.hawser.KotlinOnly
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.DisposableHandle

/**
 * What a stream lives on: one thread at a time, a clock, timers and buffers.
 *
 * [io.hawser.engine.EventLoop] is the one of sockets; a test drives one by hand, with virtual time.
 */
@TransportApi
public interface Loop {
    /** Runs the coroutines of this loop, one at a time, in the order they became ready. */
    public val dispatcher: CoroutineDispatcher

    /** Lends buffers, to any thread. */
    public val buffers: Buffers

    /** The loop's monotonic clock in nanoseconds, exact to a turn of the loop; only differences mean anything. Any thread. */
    public fun nanoTime(): Long

    /**
     * Runs [action] on the loop once [after] has passed, with a resolution of a millisecond. Any thread.
     *
     * Disposing the handle keeps an action that has not begun from running, and the loop from keeping it. Any thread; once is enough.
     */
    @KotlinOnly
    public fun schedule(after: Duration, action: Runnable): DisposableHandle

    /**
     * Counts one operation of the coroutine that is running on this loop, and tells whether it has just had its share of the turn: then
     * it yields before the operation, so that a coroutine that never has to wait does not starve the others. The share begins anew with
     * that. Always false elsewhere.
     */
    public fun spent(): Boolean
}
