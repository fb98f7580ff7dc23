package io.hawser

import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlinx.coroutines.DisposableHandle

/**
 * Ends what waits for too long on one connection. Reads and writes only note when they began to wait and when bytes moved; one timer
 * looks at those notes when the first deadline can be due, and then when the next can.
 */
@OptIn(TransportApi::class)
internal class Deadlines(private val life: Lifecycle, private val input: Input, private val output: Output) {
    private val terms = life.terms
    private val loop = life.raw.loop

    @Volatile
    private var timer: DisposableHandle? = null

    /** When [timer] fires. Written before it is made. */
    @Volatile
    private var due = 0L

    @Volatile
    private var stopped = false

    fun start(): Unit = arm(terms.firstTimeout)

    fun stop() {
        stopped = true
        timer?.dispose()
    }

    private fun arm(after: Duration) {
        due = loop.nanoTime() + after.inWholeNanoseconds
        timer = loop.schedule(after, ::look)
        // Who ended it meanwhile has stopped the timer before.
        if (stopped || life.reason != null) stop()
    }

    private fun look() {
        if (stopped || life.reason != null) return
        val now = loop.nanoTime()
        // Too early is after the end of the loop: there is nobody to wait any more, and no clock.
        if (now - due < 0) return
        val next = minOf(untilReadTimeout(now), untilWriteTimeout(now), untilIdleTimeout(now))
        if (life.reason == null) arm(next)
    }

    private fun untilReadTimeout(now: Long): Duration {
        val limit = terms.readTimeout
        if (limit.isInfinite()) return limit
        // Whoever begins to wait after this look is due no sooner than a whole limit from now.
        val left = limit - (input.waiting(now) ?: return limit)
        if (left.isPositive()) return left
        input.expire(now, limit)
        return limit
    }

    private fun untilWriteTimeout(now: Long): Duration {
        val limit = terms.writeTimeout
        if (limit.isInfinite()) return limit
        val left = limit - (output.waiting(now) ?: return limit)
        if (!left.isPositive()) end(WriteTimeout(life.raw.endpoint, limit.toJavaDuration()), RawStream::abort)
        return left
    }

    private fun untilIdleTimeout(now: Long): Duration {
        val limit = terms.idleTimeout
        if (limit.isInfinite()) return limit
        val left = limit - minOf(input.quiet(now), output.quiet(now))
        if (!left.isPositive()) end(IdleTimeout(life.raw.endpoint, limit.toJavaDuration()), RawStream::close)
        return left
    }

    private fun end(timeout: SocketFailure, how: (RawStream) -> Unit) {
        life.end(timeout, how)
        input.closed()
    }
}
