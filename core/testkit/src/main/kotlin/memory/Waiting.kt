package io.hawser.testkit.memory

import java.util.concurrent.atomic.AtomicBoolean
import java.util.concurrent.atomic.AtomicReference
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * A place for one coroutine to wait in until a condition holds.
 *
 * The waiter fills the slot and then looks at the condition; who changes the condition does so and then looks into the slot: one of
 * them sees the other. Whoever empties the slot, a waker or the waiter's cancellation, owns the waiter, so each wait ends once.
 */
internal class Waiting(private val what: String) {
    private val slot = AtomicReference<CancellableContinuation<Unit>?>()

    /** Taken by the waiter itself: one that is cancelled leaves it to the next. */
    private val released = AtomicBoolean()

    /**
     * Suspends until [condition] holds, which is evaluated in any thread, or until [release]. Cancelling it leaves the place free at
     * once.
     *
     * @throws IllegalStateException if somebody waits here already.
     */
    suspend fun until(condition: () -> Boolean) {
        while (!released.getAndSet(false) && !condition()) {
            suspendCancellableCoroutine { waiter ->
                check(slot.compareAndSet(null, waiter)) { "two coroutines wait for $what" }
                waiter.invokeOnCancellation { slot.compareAndSet(waiter, null) }
                if ((released.get() || condition()) && slot.compareAndSet(waiter, null)) waiter.resume(Unit)
            }
        }
    }

    /** Has the waiter, or the next one if nobody waits, return whatever the condition. Never within a lock. */
    fun release() {
        released.set(true)
        wake()
    }

    /** Has the waiter, if there is one, look again. Never within a lock: the waiter may go on in this thread. */
    fun wake() {
        if (slot.get() == null) return
        val waiter = slot.getAndSet(null) ?: return
        if (waiter.context[ContinuationInterceptor] != null) {
            waiter.resume(Unit)
        } else {
            // Such a caller, `suspend fun main` for one, would run on in our thread until it suspends again.
            Dispatchers.Default.dispatch(EmptyCoroutineContext) { waiter.resume(Unit) }
        }
    }
}
