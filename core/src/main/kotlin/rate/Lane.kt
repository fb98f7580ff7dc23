package io.hawser.rate

import io.hawser.engine.dispatched
import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicReference
import kotlin.coroutines.resume
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.suspendCancellableCoroutine

/**
 * One direction of a connection under its [own] rate and the one that it [shares][shared] with others, of which there is at least one.
 *
 * One coroutine at a time moves bytes and waits; the others look, or end it, from any thread.
 */
@OptIn(TransportApi::class)
internal class Lane(private val own: ByteRate?, private val shared: ByteRate?) {
    private val quantum: Long get() = minOf(own?.quantum ?: Long.MAX_VALUE, shared?.quantum ?: Long.MAX_VALUE)

    /** Taken from the rates, and there from [due] on: who was cancelled while he waited for it finds it again. Guarded by the monitor. */
    private var reserved = 0L
    private var due = 0L

    /** Everything may pass: nobody counts any more. */
    @Volatile
    private var isOpen = false

    /** The one who looks may pass. */
    @Volatile
    private var isLookedInto = false

    /** Whether what was taken last came from the rates. */
    private var isCounted = false

    private val waiter = AtomicReference<CancellableContinuation<Unit>?>()

    /** Since when it has been held back, if [isHolding], and until when it was last, if [wasHeld]. Written by the one who waits. */
    @Volatile
    private var since = 0L

    @Volatile
    private var until = 0L

    @Volatile
    private var total = 0L

    @Volatile
    var isHolding = false
        private set

    /** Whether it has ever been held back. */
    @Volatile
    var wasHeld = false
        private set

    /** How many of [max] bytes may move now; whoever moves fewer [gives the others back][giveBack]. */
    @Synchronized
    fun take(max: Long, now: Long): Long {
        isCounted = !isOpen && !isLookedInto
        if (!isCounted) return max
        var taken = 0L
        if (reserved > 0) {
            if (now - due < 0) return 0
            taken = minOf(max, reserved)
            own?.giveBack(reserved - taken)
            shared?.giveBack(reserved - taken)
            reserved = 0
        }
        return if (taken < max) taken + takeStored(max - taken, now) else taken
    }

    fun giveBack(bytes: Long) {
        if (bytes == 0L || !isCounted) return
        own?.giveBack(bytes)
        shared?.giveBack(bytes)
    }

    /**
     * Suspends until it is worth trying to [take], or until [interrupt], if [isInterrupted] says so when it begins or then. [began] is
     * called first if it has not been held back for a while. It may also return without a cause; cancelling it changes nothing.
     */
    suspend fun await(loop: Loop, isInterrupted: () -> Boolean, began: () -> Unit) {
        val now = loop.nanoTime()
        val pause = reserve(now)
        if (pause <= 0) return
        val isNew = !isThrottled(now)
        since = now
        wasHeld = true
        isHolding = true
        try {
            if (isNew) began()
            sleep(loop, pause.nanoseconds, isInterrupted)
        } finally {
            val end = loop.nanoTime()
            total += (end - now).coerceAtLeast(0)
            until = end
            isHolding = false
        }
    }

    /** Has whoever waits look again. Any thread; he goes on through his dispatcher. */
    fun interrupt() {
        waiter.getAndSet(null)?.dispatched { resume(Unit) }
    }

    /** Lets everything pass from now on, and gives back what it has not used. Any thread. */
    fun open() {
        val unused = synchronized(this) {
            isOpen = true
            reserved.also { reserved = 0 }
        }
        if (unused > 0) {
            own?.giveBack(unused)
            shared?.giveBack(unused)
        }
        interrupt()
    }

    /** Lets pass what [look] reads. For the one who reads. */
    inline fun <T> unheld(look: () -> T): T {
        isLookedInto = true
        try {
            return look()
        } finally {
            isLookedInto = false
        }
    }

    /** For how long it has not been held back, or null while it is. */
    fun free(now: Long): Duration? = when {
        isHolding -> null
        wasHeld -> (now - until).coerceAtLeast(0).nanoseconds
        else -> Duration.INFINITE
    }

    /** Whether it is held back, or was a moment ago: in between there are always moments when it is not. */
    fun isThrottled(now: Long): Boolean = (free(now) ?: Duration.ZERO) < EPISODE

    /** For how many nanoseconds it has been held back. */
    fun held(now: Long): Long = total + if (isHolding) (now - since).coerceAtLeast(0) else 0

    /** How many nanoseconds it takes until there is something to take. */
    @Synchronized
    private fun reserve(now: Long): Long {
        if (isOpen) return 0
        if (reserved == 0L) {
            val bytes = quantum
            due = now + maxOf(own?.reserve(bytes, now) ?: 0, shared?.reserve(bytes, now) ?: 0)
            reserved = bytes
        }
        return due - now
    }

    private fun takeStored(max: Long, now: Long): Long {
        val least = minOf(max, quantum)
        val mine = own?.take(max, least, now) ?: max
        if (mine == 0L || shared == null) return mine
        val taken = shared.take(mine, least, now)
        own?.giveBack(mine - taken)
        return taken
    }

    private suspend fun sleep(loop: Loop, pause: Duration, isInterrupted: () -> Boolean) {
        var timer: DisposableHandle? = null
        try {
            suspendCancellableCoroutine { continuation ->
                waiter.set(continuation)
                continuation.invokeOnCancellation { waiter.compareAndSet(continuation, null) }
                timer = loop.schedule(pause, ::interrupt)
                // Who interrupts says so first and looks for the waiter then.
                if (isOpen || isInterrupted()) interrupt()
            }
        } finally {
            timer?.dispose()
        }
    }

    private companion object {
        /** Who has not been held back for so long is held back anew. */
        val EPISODE = 1.seconds
    }
}
