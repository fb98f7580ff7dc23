package io.hawser.rate

import io.hawser.engine.dispatched
import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicReference
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * One direction of a connection under its own rate and the one that it shares with others, of which there is at least one.
 *
 * One coroutine at a time moves bytes and waits; the others look, or end it, from any thread.
 */
@OptIn(TransportApi::class)
internal class Lane(own: ByteRate?, private val shared: ByteRate?) {
    /** Its own first: who waits for it does not keep others waiting. */
    private val shares = listOfNotNull(own, shared).map { Share(it, ::interrupt) }
    private val quantum: Long get() = shares.minOf { it.rate.quantum }

    val holds = Holds()

    /** Everything may pass: nobody counts any more. */
    @Volatile
    private var isOpen = false

    /** Everything may pass for a while. For the one who moves bytes. */
    @Volatile
    var isExempt = false

    /** Whether what there was room for last is counted. */
    private var isCounted = false

    private val waiter = AtomicReference<CancellableContinuation<Unit>?>()

    /** How many of [max] bytes may move now; whoever moves some of them says how many they were, by [moved]. */
    fun room(max: Long, now: Long): Long {
        isCounted = !isOpen && !isExempt
        return if (isCounted) shares.fold(max) { room, share -> share.rate.room(share, room, now) } else max
    }

    /** As [room], but no more than is another's turn after, where there are others: for who takes his time to move them. */
    fun roomForOne(max: Long, now: Long): Long = room(if (shared == null) max else minOf(max, quantum), now)

    fun moved(bytes: Long, now: Long) {
        if (isCounted) shares.forEach { it.rate.moved(it, bytes, now) }
    }

    /**
     * Suspends until there is [room] for some of the [wanted] bytes, or until [interrupt], if [isInterrupted] says so when it begins or
     * then. [began] is called first if it has not been held back for a while. It may also return without a cause; cancelling it changes
     * nothing.
     */
    suspend fun await(loop: Loop, wanted: Long, isInterrupted: () -> Boolean, began: () -> Unit) {
        if (isOpen || isExempt) return
        val bytes = minOf(wanted, quantum).coerceAtLeast(1)
        var isHeld = false
        try {
            for (share in shares) {
                if (share.rate.ask(share, bytes, loop)) continue
                try {
                    if (!isHeld) {
                        isHeld = true
                        if (holds.begin(loop.nanoTime())) began()
                    }
                    sleep { isOpen || share.given > 0 || isInterrupted() }
                } finally {
                    share.rate.leave(share, loop.nanoTime())
                }
                if (share.given == 0L) return
            }
        } finally {
            if (isHeld) holds.end(loop)
            if (isOpen) release()
        }
    }

    /** Has whoever waits look again. Any thread; he goes on through his dispatcher. */
    fun interrupt() {
        waiter.getAndSet(null)?.dispatched { resume(Unit) }
    }

    /** Lets everything pass from now on, and gives back what it has not used. Any thread; who waits does not notice before [interrupt]. */
    fun letPass() {
        isOpen = true
        release()
    }

    /** As [letPass], for who waits too. */
    fun open() {
        letPass()
        interrupt()
    }

    /** Lets pass what [block] moves, and does not count it. For the one who moves bytes. */
    inline fun <T> unheld(block: () -> T): T {
        isExempt = true
        try {
            return block()
        } finally {
            isExempt = false
        }
    }

    private fun release() = shares.forEach { it.rate.release(it) }

    private suspend fun sleep(isOver: () -> Boolean): Unit = suspendCancellableCoroutine { continuation ->
        waiter.set(continuation)
        continuation.invokeOnCancellation { waiter.compareAndSet(continuation, null) }
        // Who interrupts says so first and looks for the waiter then.
        if (isOver()) interrupt()
    }
}
