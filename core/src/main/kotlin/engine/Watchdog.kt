package io.hawser.engine

import java.util.concurrent.locks.LockSupport
import kotlin.time.Duration
import org.slf4j.LoggerFactory

/**
 * Warns, once per task, when a task holds its loop for longer than [limit], because everybody else on that loop waits meanwhile.
 */
internal class Watchdog(name: String, private val loops: List<EventLoop>, private val limit: Duration) : AutoCloseable {
    private class Seen(var progress: Long = 0, var since: Long = 0, var warned: Boolean = false)

    private val seen = loops.map { Seen() }
    private val period = (limit / LOOKS_PER_LIMIT).inWholeNanoseconds
    private val thread = Thread(::watch, name).apply { isDaemon = true }

    @Volatile
    private var closed = limit.isInfinite()

    fun start() {
        if (!closed) thread.start()
    }

    override fun close() {
        closed = true
        LockSupport.unpark(thread)
    }

    private fun watch() {
        while (!closed && loops.any(EventLoop::isAlive)) {
            LockSupport.parkNanos(this, period)
            loops.forEachIndexed { i, loop -> look(loop, seen[i]) }
        }
    }

    private fun look(loop: EventLoop, last: Seen) {
        val progress = loop.progress.get()
        val now = System.nanoTime()
        val runs = progress % 2 == 1L
        if (!runs || progress != last.progress) {
            last.progress = progress
            last.since = now
            last.warned = false
        } else if (!last.warned && now - last.since >= limit.inWholeNanoseconds) {
            val stack = loop.stackTrace().joinToString("\n") { "\tat $it" }
            // The task may have ended while we looked: then this is not its stack.
            if (loop.progress.get() != progress) return
            last.warned = true
            log.warn(
                "a handler has blocked {} for over {}, and every connection of that loop with it. Give blocking code threads of its own: " +
                    "ServerOptions.handlerContext, or withContext(Dispatchers.IO) around it. It is here:\n{}",
                loop,
                limit,
                stack,
            )
        }
    }

    private companion object {
        const val LOOKS_PER_LIMIT = 4
        val log = LoggerFactory.getLogger(Watchdog::class.java)
    }
}
