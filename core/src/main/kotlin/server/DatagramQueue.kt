package io.hawser.server

import io.hawser.Datagram
import io.hawser.DatagramServerOptions
import io.hawser.WhenQueueFull

/** Datagrams that wait for a handler, bounded in count and in bytes; [dropped] is told of those that there is no room for. Any thread. */
internal class DatagramQueue(private val options: LiveOptions<DatagramServerOptions>, private val dropped: (Datagram) -> Unit) {
    /** Guarded by itself, with [bytes]. */
    private val waiting = ArrayDeque<Datagram>()
    private var bytes = 0L

    /** Whether [datagram] waits now; another may have been dropped in its favour. */
    fun offer(datagram: Datagram): Boolean {
        while (true) {
            val out = synchronized(waiting) {
                when {
                    hasRoomFor(datagram) -> {
                        add(datagram)
                        return true
                    }

                    options.now.whenQueueFull == WhenQueueFull.DropOldest -> removeFirst()

                    else -> datagram
                }
            }
            dropped(out)
            if (out === datagram) return false
        }
    }

    /** The one that has waited longest, or null. */
    fun poll(): Datagram? = synchronized(waiting) { if (waiting.isEmpty()) null else removeFirst() }

    val isEmpty: Boolean get() = size == 0

    /** Whether there is no room for one more byte in one more datagram. */
    val isFull: Boolean get() = synchronized(waiting) { waiting.size >= options.now.queueCount || bytes >= options.now.queueBytes }

    val size: Int get() = synchronized(waiting) { waiting.size }

    private fun hasRoomFor(datagram: Datagram): Boolean {
        val options = options.now
        return waiting.isEmpty() || (waiting.size < options.queueCount && bytes + datagram.bytes.size <= options.queueBytes)
    }

    private fun add(datagram: Datagram) {
        waiting.addLast(datagram)
        bytes += datagram.bytes.size
    }

    private fun removeFirst(): Datagram = waiting.removeFirst().also { bytes -= it.bytes.size }
}
