package io.hawser

import java.util.ArrayDeque
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Who has the word. Fair: it goes round in the order of [take]. Unlike a `Mutex`, of which each connection would have one, it takes next
 * to no memory until somebody has to wait.
 */
internal class Turn {
    // Guarded by the monitor.
    private var taken = false
    private var waiting: ArrayDeque<CancellableContinuation<Unit>>? = null

    /** Takes it if nobody has it. */
    @Synchronized
    fun tryTake(): Boolean = !taken.also { taken = true }

    /** Waits for it; who is cancelled does not get it. */
    suspend fun take(): Unit = suspendCancellableCoroutine { caller ->
        if (!tookOrQueued(caller)) caller.invokeOnCancellation { leave(caller) } else caller.resume(Unit) { _, _, _ -> pass() }
    }

    /** Gives it to the next one. */
    fun pass() {
        next()?.resume(Unit) { _, _, _ -> pass() }
    }

    @Synchronized
    private fun tookOrQueued(caller: CancellableContinuation<Unit>): Boolean {
        if (tryTake()) return true
        (waiting ?: ArrayDeque<CancellableContinuation<Unit>>().also { waiting = it }).addLast(caller)
        return false
    }

    @Synchronized
    private fun leave(caller: CancellableContinuation<Unit>) {
        waiting?.remove(caller)
    }

    @Synchronized
    private fun next(): CancellableContinuation<Unit>? {
        val next = waiting?.pollFirst()
        if (next == null) {
            taken = false
            waiting = null
        }
        return next
    }
}
