package io.hawser.engine

/** What can stand in a [TimerQueue], in one at a time. */
internal abstract class Timed(val due: Long) {
    /** Where it stands in the queue's heap; negative outside. The queue's alone, like [number]. */
    var index: Int = OUTSIDE

    /** Tells apart what is due at the same instant. */
    var number: Long = 0

    val isQueued: Boolean get() = index >= 0

    companion object {
        const val OUTSIDE: Int = -1
    }
}

/**
 * Timers by when they are due, those of the same instant in the order they were added. A binary heap in which each timer knows its
 * place, so that one can be taken out of the middle as fast as from the front: most timers are taken back long before they are due.
 *
 * Touched by one thread.
 */
internal class TimerQueue<T : Timed> {
    private var heap = arrayOfNulls<Timed>(INITIAL_CAPACITY)
    private var added = 0L

    var size: Int = 0
        private set

    fun add(timer: T) {
        check(!timer.isQueued) { "already in a queue: $timer" }
        if (size == heap.size) heap = heap.copyOf(size * 2)
        timer.number = added++
        rise(timer, size++)
    }

    /** The next one that is due. */
    @Suppress("UNCHECKED_CAST")
    fun peek(): T? = heap[0] as T?

    fun poll(): T? = peek()?.also(::remove)

    /** Takes [timer] out, wherever it stands; nothing happens if it is not in the queue. */
    fun remove(timer: T) {
        val gap = timer.index
        if (!timer.isQueued) return
        timer.index = Timed.OUTSIDE
        val last = checkNotNull(heap[--size])
        heap[size] = null
        if (last === timer) return
        // It comes from another branch of the heap: it may belong above the gap as well as below.
        sink(last, gap)
        if (last.index == gap) rise(last, gap)
    }

    private fun rise(timer: Timed, from: Int) {
        var index = from
        while (index > 0) {
            val parent = (index - 1) / 2
            val above = checkNotNull(heap[parent])
            if (!timer.isBefore(above)) break
            place(above, index)
            index = parent
        }
        place(timer, index)
    }

    private fun sink(timer: Timed, from: Int) {
        var index = from
        while (true) {
            val left = index * 2 + 1
            val child = if (left + 1 < size && at(left + 1).isBefore(at(left))) left + 1 else left
            if (child >= size || !at(child).isBefore(timer)) break
            place(at(child), index)
            index = child
        }
        place(timer, index)
    }

    private fun at(index: Int): Timed = checkNotNull(heap[index])

    private fun place(timer: Timed, index: Int) {
        heap[index] = timer
        timer.index = index
    }

    /** Nanosecond clocks may overflow: only differences mean anything. */
    private fun Timed.isBefore(other: Timed): Boolean = if (due == other.due) number < other.number else due - other.due < 0

    private companion object {
        const val INITIAL_CAPACITY = 64
    }
}
