package io.hawser.broker.link

import java.util.concurrent.atomic.AtomicLong

/** How many bytes wait in all, of at most [limit]. Any thread. */
internal class Budget(private val limit: Long) {
    private val held = AtomicLong()

    val bytes: Long get() = held.get()

    val isOver: Boolean get() = held.get() > limit

    /** Whether there is room for what could be done without. */
    val isHalfFree: Boolean get() = held.get() <= limit / 2

    /** Adds [bytes], or takes nothing and returns false if that were too many. */
    fun take(bytes: Int): Boolean {
        if (held.addAndGet(bytes.toLong()) <= limit) return true
        held.addAndGet(-bytes.toLong())
        return false
    }

    /** Adds [bytes], which there is room for in any case; or takes them away, if that is below 0. */
    fun add(bytes: Long) {
        held.addAndGet(bytes)
    }

    override fun toString(): String = "$bytes of $limit bytes"
}
