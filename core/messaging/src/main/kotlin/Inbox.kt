package io.hawser.messaging

import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Up to [limit] elements that wait to be taken, each by one of those who collect or take [next]; any number may put some in.
 *
 * What is taken is handed to nobody who is cancelled: takers are told that there is something, and then take it.
 */
internal class Inbox<T : Any>(private val limit: Int) : Flow<T> {
    /** Guarded by the monitor, like what follows. */
    private val waiting = ArrayDeque<T>()
    private var isClosed = false

    /** Each has an element when there may be something to do; who has taken it passes it on. */
    private val arrived = Channel<Unit>(Channel.CONFLATED)
    private val room = Channel<Unit>(Channel.CONFLATED)

    /** Puts [element] in if there is room; true too if nobody wants any more. */
    fun offer(element: T): Boolean {
        synchronized(this) {
            if (isClosed) return true
            if (waiting.size >= limit) return false
            waiting.addLast(element)
        }
        arrived.trySend(Unit)
        return true
    }

    /** Puts [element] in, and returns the oldest one if that had to make room. */
    fun push(element: T): T? {
        val oldest = synchronized(this) {
            if (isClosed) return null
            waiting.addLast(element)
            if (waiting.size > limit) waiting.removeFirst() else null
        }
        arrived.trySend(Unit)
        return oldest
    }

    /** Puts [element] in, waiting for room. Cancelled it has not. */
    suspend fun put(element: T) {
        while (!offer(element)) await(room)
        // There may be room for others who wait.
        room.trySend(Unit)
    }

    /** Suspends until there is room, or nobody wants any more. */
    suspend fun awaitRoom() {
        while (synchronized(this) { waiting.size >= limit && !isClosed }) await(room)
    }

    /** Takes the next element, waiting for it; null at the end. */
    suspend fun next(): T? = dispatched { taken() }

    /** As [next], failing with what [late] makes if it takes longer than [timeout]. */
    suspend fun next(timeout: Duration, late: () -> Throwable): T? {
        // Held here, because a timeout or a cancellation on the way back would drop it.
        var result: Result<T?>? = null
        try {
            dispatched { withTimeoutOrNull(timeout) { result = Result.success(taken()) } }
        } catch (e: CancellationException) {
            if (result == null) throw e
        }
        return (result ?: throw late()).getOrThrow()
    }

    override suspend fun collect(collector: FlowCollector<T>) {
        while (true) collector.emit(next() ?: break)
    }

    /** Takes nothing more; what waits can still be taken. */
    fun close() {
        synchronized(this) { isClosed = true }
        arrived.trySend(Unit)
        room.trySend(Unit)
    }

    private suspend fun taken(): T? {
        while (true) {
            synchronized(this) {
                val next = waiting.removeFirstOrNull()
                if (next != null || isClosed) {
                    arrived.trySend(Unit)
                    room.trySend(Unit)
                    return next
                }
            }
            await(arrived)
        }
    }

    private suspend fun await(signal: Channel<Unit>) {
        try {
            signal.receive()
        } catch (e: CancellationException) {
            // It may have been for us: others look in our place.
            signal.trySend(Unit)
            throw e
        }
    }
}
