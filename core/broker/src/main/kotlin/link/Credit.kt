package io.hawser.broker.link

/** How many bytes of a body may still be sent: a [window] to begin with, and what the receiver adds. One coroutine at a time takes. */
internal class Credit(window: Int) {
    /** Guarded by the monitor, like what follows. */
    private var left = window
    private var isClosed = false
    private val added = Signal()

    /** False, and nothing is added, if there would be more than can be counted: who adds has broken the protocol. */
    fun add(bytes: Int): Boolean {
        synchronized(this) {
            if (bytes > Int.MAX_VALUE - left) return false
            left += bytes
        }
        added.raise()
        return true
    }

    /** Takes up to [most] bytes, at least 1, waiting for some; 0 once nobody wants any more. Cancelled it takes nothing. */
    suspend fun take(most: Int): Int {
        while (true) {
            synchronized(this) {
                if (isClosed) return 0
                if (left > 0) return minOf(most, left).also { left -= it }
            }
            added.await()
        }
    }

    /** Takes [bytes], which there are. */
    @Synchronized
    fun spend(bytes: Int) {
        left -= bytes
    }

    /** Nobody wants any more. Idempotent. */
    fun close() {
        synchronized(this) { isClosed = true }
        added.raise()
    }
}
