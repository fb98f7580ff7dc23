package io.hawser.engine

import io.hawser.EventLoopClosed
import java.nio.channels.ClosedChannelException
import java.nio.channels.SelectableChannel
import java.nio.channels.SelectionKey
import java.nio.channels.SelectionKey.OP_ACCEPT
import java.nio.channels.SelectionKey.OP_CONNECT
import java.nio.channels.SelectionKey.OP_READ
import java.nio.channels.SelectionKey.OP_WRITE
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.coroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * Who waits for a channel, and what its selector watches for.
 *
 * There is a slot for input (read or accept) and one for output (write or connect). A waiter puts itself into the slot;
 * whoever takes it out again by compare-and-set, be it the loop, the waiter's own cancellation or a failure, owns it: so each wait ends
 * once, and a cancelled one removes exactly itself.
 *
 * What is watched is dropped lazily: a ready key whose slot is empty stops being watched. A reader that waits again by the time its
 * next bytes come therefore costs no change of the selector.
 */
internal class Readiness(private val loop: EventLoop, val channel: SelectableChannel) : Runnable {
    @Volatile
    private var input: Waiter? = null

    @Volatile
    private var output: Waiter? = null

    /** Set: the next wait for [OP_READ] returns at once. */
    @Volatile
    private var permit = false

    /** What the key is registered for. Written on the loop; a waiter elsewhere reads it after filling its slot. */
    @Volatile
    private var watched = 0

    /** Set once, before the slots are failed, so that no later waiter is left behind. */
    @Volatile
    private var failure: Throwable? = null

    /** What [output] waits for. Written before the slot, read after it. */
    private var outputOperation = OP_WRITE

    // The rest is touched on the loop only.
    private var key: SelectionKey? = null
    private var localInput: LocalWaiter? = null
    private var localOutput: LocalWaiter? = null

    /**
     * Suspends until the channel is ready for [operation]; resumes on the loop at once if the caller runs there, through the caller's
     * dispatcher otherwise.
     *
     * @throws IllegalStateException if somebody waits in that direction already.
     */
    suspend fun await(operation: Int): Unit = suspended(operation)

    /** Generic, because the compiler gives one that returns Unit a frame of its own. */
    @Suppress("UNCHECKED_CAST")
    private suspend fun <T> suspended(operation: Int): T {
        val isInput = operation and INPUT_OPERATIONS != 0
        // Before a waiter takes the place of another one, which may still wait.
        if ((if (isInput) input else output) != null) throw twoWait()
        val local = if (loop.isCurrent) localWaiter(isInput, coroutineContext) else null
        return if (local != null) {
            suspendCoroutineUninterceptedOrReturn { enter(operation, local, it as Continuation<Unit>) }
        } else {
            suspendCancellableCoroutine { enter(operation, it as CancellableContinuation<Unit>) }
        }
    }

    /** The waiter of the coroutine with [context]; null if it takes a [RemoteWaiter]. */
    private fun localWaiter(isInput: Boolean, context: CoroutineContext): LocalWaiter? {
        val known = if (isInput) localInput else localOutput
        if (known?.isOf(context) == true) return known
        if (!LocalWaiter.accepts(context, loop)) return null
        known?.release()
        return LocalWaiter(context, this).also { if (isInput) localInput = it else localOutput = it }
    }

    /** Empties the slot that [waiter] is in; false if it is in none. Any thread. */
    fun take(waiter: Waiter): Boolean = INPUT.compareAndSet(this, waiter, null) || OUTPUT.compareAndSet(this, waiter, null)

    private fun enter(operation: Int, waiter: LocalWaiter, continuation: Continuation<Unit>): Any {
        waiter.prepare(continuation)
        fill(slot(operation), waiter, operation)
        waiter.throwIfCancelled()
        return COROUTINE_SUSPENDED
    }

    private fun enter(operation: Int, continuation: CancellableContinuation<Unit>) {
        val slot = slot(operation)
        val waiter = RemoteWaiter(continuation)
        fill(slot, waiter, operation)
        continuation.invokeOnCancellation { take(waiter) }
    }

    private fun slot(operation: Int): Slot = if (operation and INPUT_OPERATIONS != 0) INPUT else OUTPUT

    private fun fill(slot: Slot, waiter: Waiter, operation: Int) {
        if (slot === OUTPUT) outputOperation = operation
        if (!slot.compareAndSet(this, null, waiter)) throw twoWait()
        when {
            failure != null -> failAll()

            // Who wakes sets the permit and then looks into the slot; we filled the slot and then look at the permit.
            operation == OP_READ && permit -> resumeWoken()

            loop.isCurrent -> watch(operation)

            // Dropping on the loop clears the bit and then looks into the slot; we filled the slot and then look at the bit.
            watched and operation == 0 -> loop.execute(this)
        }
    }

    private fun twoWait() = IllegalStateException("two coroutines wait for the same direction of $channel")

    /** Lets go of the coroutines that have waited here; they may outlive the channel by far. To be called when nobody will any more. */
    fun release() {
        localInput?.release()
        localOutput?.release()
    }

    /** Watches for whatever is waited for; posted by waiters outside the loop. */
    override fun run() {
        if (input != null) watch(inputOperation)
        if (output != null) watch(outputOperation)
    }

    /**
     * Resumes who waits for [ready]. On the loop, outside any iteration of keys.
     *
     * @throws java.nio.channels.CancelledKeyException if the channel has just been closed.
     */
    fun fire(ready: Int) {
        if (ready and INPUT_OPERATIONS != 0 && !resumeNext(INPUT)) drop(INPUT_OPERATIONS)
        if (ready and OUTPUT_OPERATIONS != 0) {
            resumeNext(OUTPUT)
            // A socket is writable nearly always: watching for it without need would wake the loop for ever.
            if (output == null) drop(OUTPUT_OPERATIONS)
        }
        if (!loop.selection.keepsIdleKeys && key?.isValid == false) {
            // Something is wrong, and who waits learns what by trying.
            resumeNext(INPUT)
            resumeNext(OUTPUT)
            renew()
        }
    }

    /** Has the wait for [OP_READ], the present or else the next one, return without a cause. Any thread. */
    fun wakeReader() {
        permit = true
        resumeWoken()
    }

    /** Fails those who wait and those who will. Any thread. */
    fun fail(cause: Throwable) {
        if (failure == null) failure = cause
        failAll()
    }

    /** The key of this channel, registered if it is not yet. On the loop. */
    fun register(): SelectionKey = key ?: channel.register(loop.selector, 0, this).also {
        key = it
        loop.register(this)
    }

    /** Whether its selector still knows it. On the loop. */
    val isRegistered: Boolean get() = key?.isValid ?: true

    private val inputOperation: Int
        get() = channel.validOps() and INPUT_OPERATIONS

    private fun watch(operation: Int) {
        if (watched and operation != 0) return
        try {
            val wanted = watched or operation
            register().interestOps(wanted)
            watched = wanted
        } catch (e: ClosedChannelException) {
            fail(e)
        } catch (e: RuntimeException) {
            // The key has been cancelled, or the selector closed, under us.
            fail(if (loop.selector.isOpen) ClosedChannelException().apply { initCause(e) } else EventLoopClosed("$loop", e))
        }
    }

    private fun drop(operations: Int) {
        val remaining = watched and operations.inv()
        if (remaining == watched) return
        watched = remaining
        if (remaining == 0 && !loop.selection.keepsIdleKeys) letGo() else key?.interestOps(remaining)
        run()
    }

    private fun letGo() {
        key?.cancel()
        key = null
    }

    /** Gets a key anew, when it is needed: junixsocket's are of no use any more when the peer has gone. */
    private fun renew() {
        letGo()
        watched = 0
        run()
    }

    private fun resumeNext(slot: Slot): Boolean {
        val waiter = slot.get(this) ?: return false
        if (!slot.compareAndSet(this, waiter, null)) return false
        waiter.ready(loop)
        return true
    }

    private fun resumeWoken() {
        val waiter = input ?: return
        if (!INPUT.compareAndSet(this, waiter, null)) return
        permit = false
        // A waiter that was cancelled meanwhile has not looked: the wake-up is for the next one.
        waiter.wake(missed = ::wakeReader)
    }

    private fun failAll() {
        val cause = failure ?: return
        INPUT.getAndSet(this, null)?.fail(cause)
        OUTPUT.getAndSet(this, null)?.fail(cause)
    }

    private companion object {
        const val INPUT_OPERATIONS = OP_READ or OP_ACCEPT
        const val OUTPUT_OPERATIONS = OP_WRITE or OP_CONNECT

        // Made in the initialiser itself: an updater of a private field is only to be had from within its class.
        private val INPUT: Slot = AtomicReferenceFieldUpdater.newUpdater(Readiness::class.java, Waiter::class.java, "input")
        private val OUTPUT: Slot = AtomicReferenceFieldUpdater.newUpdater(Readiness::class.java, Waiter::class.java, "output")
    }
}

private typealias Slot = AtomicReferenceFieldUpdater<Readiness, Waiter?>
