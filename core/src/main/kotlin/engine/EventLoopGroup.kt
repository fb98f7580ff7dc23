package io.hawser.engine

import io.hawser.EventLoopClosed
import io.hawser.ExperimentalHawserApi
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext

/**
 * Loops that share the work: connections go to them in turn, and stay.
 *
 * [shared] serves whoever names no other. A group of one's own isolates a service's sockets from the rest of the process; it belongs
 * to who made it, until [close]. Loops are daemon threads: no group keeps a JVM alive.
 */
@OptIn(ExperimentalHawserApi::class)
public class EventLoopGroup @JvmOverloads constructor(options: EventLoopOptions = EventLoopOptions()) : AutoCloseable {
    private val name = options.name

    /** Those that it began with, also if one has died since. */
    @ExperimentalHawserApi
    public val loops: List<EventLoop> = open(options)

    private val watchdog = Watchdog("$name-watchdog", loops, options.blockedAfter)
    private val turn = AtomicInteger()

    init {
        loops.forEach(EventLoop::start)
        watchdog.start()
    }

    /** False once it has been closed or all its loops have died. */
    public val isAlive: Boolean get() = loops.any(EventLoop::isAlive)

    /**
     * The loop whose turn it is. Any thread.
     *
     * @throws EventLoopClosed when no loop is left.
     */
    public fun next(): EventLoop {
        repeat(loops.size) {
            val loop = loops[Math.floorMod(turn.getAndIncrement(), loops.size)]
            if (loop.isAlive) return loop
        }
        throw EventLoopClosed(name)
    }

    /** The loop that a coroutine with [context] runs on if it is one of this group, else the next. */
    @TransportApi
    public fun loopFor(context: CoroutineContext): EventLoop {
        val current = context[ContinuationInterceptor] as? EventLoop
        return if (current != null && current.group === this && current.isAlive) current else next()
    }

    /**
     * Ends the loops: connections on them fail with [EventLoopClosed], and their coroutines are cancelled. Returns at once, from any
     * thread; idempotent.
     *
     * @throws IllegalStateException for [shared], which belongs to nobody.
     */
    override fun close() {
        check(this !== sharedGroup) { "the shared group cannot be closed" }
        end()
    }

    private fun end() {
        watchdog.close()
        loops.forEach(EventLoop::close)
    }

    override fun toString(): String = "$name(${loops.size} loops)"

    private fun open(options: EventLoopOptions): List<EventLoop> {
        val opened = mutableListOf<EventLoop>()
        try {
            repeat(options.loops) { opened += EventLoop("$name-loop-${it + 1}", options, this) }
        } catch (e: Throwable) {
            opened.forEach { it.selector.close() }
            throw e
        }
        return opened
    }

    public companion object {
        @Volatile
        private var sharedGroup: EventLoopGroup? = null

        /** The group of whoever names no other: one loop per core, started on first use. */
        @JvmStatic
        public val shared: EventLoopGroup
            get() = sharedGroup?.takeIf { it.isAlive } ?: synchronized(this) {
                sharedGroup?.takeIf { it.isAlive } ?: EventLoopGroup().also {
                    sharedGroup?.end()
                    sharedGroup = it
                }
            }
    }
}
