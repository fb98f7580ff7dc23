package io.hawser.messaging

import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Up to [limit] elements that wait to be taken, of [maxBytes] together by what [weigh] says, but always one; each is for one of those who
 * collect or take [next], and any number may put some in.
 *
 * What is taken is handed to nobody who is cancelled: takers are told that there is something, and then take it.
 */
@OptIn(TransportApi::class)
internal class Inbox<T : Any>(private val limit: Int, private val maxBytes: Int, private val weigh: (T) -> Long) : Flow<T> {
    /** Guarded by the monitor, like what follows. */
    private val waiting = ArrayDeque<T>()
    private var held = 0L
    private var isClosed = false

    /** Each has an element when there may be something to do; who has taken it passes it on. */
    private val arrived = Channel<Unit>(Channel.CONFLATED)
    private val room = Channel<Unit>(Channel.CONFLATED)

    /** Puts [element] in if there is room; true too if nobody wants any more. */
    fun offer(element: T): Boolean {
        synchronized(this) {
            if (isClosed) return true
            if (!fits(element)) return false
            add(element)
        }
        arrived.trySend(Unit)
        return true
    }

    /** Puts [element] in, for whoever has waited for room, with nobody beside him. */
    fun append(element: T) {
        synchronized(this) { if (!isClosed) add(element) }
        arrived.trySend(Unit)
    }

    /** Puts [element] in, and returns the oldest ones that had to make room. */
    fun push(element: T): List<T> {
        val oldest = mutableListOf<T>()
        synchronized(this) {
            if (isClosed) return oldest
            while (!fits(element)) oldest += checkNotNull(remove())
            add(element)
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
        while (synchronized(this) { (waiting.size >= limit || held >= maxBytes) && !isClosed }) await(room)
    }

    /** Takes the next element, waiting for it; null at the end. */
    suspend fun next(): T? = checkNotNull(within(Duration.INFINITE)).getOrThrow()

    /** As the other, failing with what [late] makes if it takes longer than [timeout]. */
    suspend fun next(timeout: Duration, late: () -> Throwable): T? = (within(timeout) ?: throw late()).getOrThrow()

    override suspend fun collect(collector: FlowCollector<T>) {
        while (true) collector.emit(next() ?: break)
    }

    /** Takes nothing more; what waits can still be taken. */
    fun close() {
        synchronized(this) { isClosed = true }
        arrived.trySend(Unit)
        room.trySend(Unit)
    }

    private fun fits(element: T): Boolean = waiting.isEmpty() || (waiting.size < limit && held + weigh(element) <= maxBytes)

    private fun add(element: T) {
        waiting.addLast(element)
        held += weigh(element)
    }

    private fun remove(): T? = waiting.removeFirstOrNull()?.also { held -= weigh(it) }

    private suspend fun within(timeout: Duration): Result<T?>? {
        poll()?.let { return it }
        if (!timeout.isPositive()) return null
        // Held here, because a timeout or a cancellation on the way back would drop it.
        var result: Result<T?>? = null
        try {
            dispatched {
                withTimeoutOrNull(timeout) {
                    while (true) {
                        result = poll()
                        if (result != null) break
                        await(arrived)
                    }
                }
            }
        } catch (e: CancellationException) {
            if (result == null) throw e
        }
        return result
    }

    /** The next element, or null at the end; nothing if it has to be waited for. */
    private fun poll(): Result<T?>? {
        val next = synchronized(this) {
            val next = remove()
            if (next == null && !isClosed) return null
            next
        }
        arrived.trySend(Unit)
        room.trySend(Unit)
        return Result.success(next)
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
