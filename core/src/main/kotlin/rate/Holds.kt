package io.hawser.rate

import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds

/** When somebody has been held back, and for how long altogether. One begins and ends it, any thread looks. */
@OptIn(TransportApi::class)
internal class Holds {
    /** Guarded by the monitor, with every change of what follows. */
    private var since = 0L
    private var until = 0L
    private var total = 0L
    private var isHolding = false

    /** Whether there has been any. */
    @Volatile
    var hasBegun = false
        private set

    /** Begins one, and returns whether there has been none for a while. */
    @Synchronized
    fun begin(now: Long): Boolean {
        val isNew = !isThrottled(now)
        since = now
        hasBegun = true
        isHolding = true
        return isNew
    }

    /** By the time of [loop] as it is inside: who looked before was not told more. */
    @Synchronized
    fun end(loop: Loop) {
        until = loop.nanoTime()
        total += (until - since).coerceAtLeast(0)
        isHolding = false
    }

    /** For how long there has been none, or null while there is. */
    @Synchronized
    fun free(now: Long): Duration? = when {
        isHolding -> null
        hasBegun -> (now - until).coerceAtLeast(0).nanoseconds
        else -> Duration.INFINITE
    }

    /** Whether there is one, or was a moment ago: in between there are always moments when there is not. */
    fun isThrottled(now: Long): Boolean = (free(now) ?: Duration.ZERO) < EPISODE

    /** How many nanoseconds they have lasted together; it never falls. */
    @Synchronized
    fun held(now: Long): Long = total + if (isHolding) (now - since).coerceAtLeast(0) else 0

    private companion object {
        /** Who has not been held back for so long is held back anew. */
        val EPISODE = 1.seconds
    }
}
