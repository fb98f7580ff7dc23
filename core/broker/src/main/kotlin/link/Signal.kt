package io.hawser.broker.link

import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Tells one coroutine that there may be something to do; what it is, that looks for itself. Nothing is handed over, so nothing is lost when
 * it is cancelled. Unlike a `Channel`, of which each request would have several, it takes next to no memory.
 */
@OptIn(TransportApi::class)
internal class Signal {
    /** Guarded by the monitor, like what follows. */
    private var isRaised = false
    private var waiting: CancellableContinuation<Unit>? = null

    /** Wakes who waits, or else who is the next to. Any thread. */
    fun raise() {
        val woken = synchronized(this) { waiting.also { if (it == null) isRaised = true else waiting = null } }
        woken?.resume(Unit)
    }

    /** Suspends until it is raised, or returns at once if it has been since the last time; nobody goes on in the thread that raises it. */
    suspend fun await(): Unit = dispatched {
        suspendCancellableCoroutine { caller ->
            if (tookOrWaits(caller)) caller.resume(Unit) else caller.invokeOnCancellation { leave(caller) }
        }
    }

    @Synchronized
    private fun tookOrWaits(caller: CancellableContinuation<Unit>): Boolean {
        check(waiting == null) { "another coroutine waits already" }
        if (!isRaised) waiting = caller
        return isRaised.also { isRaised = false }
    }

    @Synchronized
    private fun leave(caller: CancellableContinuation<Unit>) {
        if (waiting === caller) waiting = null
    }
}
