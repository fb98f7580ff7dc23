package io.hawser.broker.answering

import io.hawser.broker.AnswerFailed
import io.hawser.broker.Body
import io.hawser.broker.Request
import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import kotlinx.coroutines.withTimeoutOrNull

/**
 * A handler that has others answer: each request waits here until somebody takes it, and then for his answer.
 *
 * What is taken is handed to nobody who is cancelled: takers are told that there is something, and then take it.
 */
@OptIn(TransportApi::class)
internal class Pulled {
    /** A request, and how its handler learns that it has been answered. */
    private class Parked(val request: Request, val served: Served) {
        val answer = CompletableDeferred<Unit>()
    }

    /** Those that have not been answered, by their ids. */
    private val open = ConcurrentHashMap<Long, Parked>()

    /** Those of them that nobody has taken; guarded by the monitor, like what follows. */
    private val waiting = LinkedHashSet<Parked>()
    private var isClosed = false

    /** Has an element when there may be something to take; who has taken it passes it on. */
    private val arrived = Channel<Unit>(Channel.CONFLATED)

    /** Keeps [request] until it has been answered. */
    suspend fun park(served: Served, request: Request) {
        val parked = Parked(request, served)
        open[request.id] = parked
        synchronized(this) { waiting += parked }
        arrived.trySend(Unit)
        try {
            parked.answer.await()
        } finally {
            open.remove(request.id)
            synchronized(this) { waiting -= parked }
        }
    }

    /**
     * Takes the next one, waiting for it up to [timeout], and then throws what [late] makes; null once it has been closed. Cancelled it has
     * taken none.
     */
    suspend fun next(timeout: Duration, late: () -> Throwable): Request? {
        // Held here, because a cancellation on the way back would drop it.
        var taken = poll()
        if (taken == null) {
            try {
                dispatched {
                    withTimeoutOrNull(timeout) {
                        while (taken == null) {
                            await()
                            taken = poll()
                        }
                    }
                }
            } catch (e: CancellationException) {
                if (taken == null) throw e
            }
        }
        return (taken ?: throw late()).getOrThrow()
    }

    /** Answers the request [id]; false if that is over, or has been answered. */
    suspend fun answer(id: Long, body: Body, headers: Map<String, String>): Boolean {
        val parked = open.remove(id) ?: return false
        try {
            val isAnswered = if (body.bytes != null) parked.served.answer(body, headers) else answerWhileOpen(parked.served, body, headers)
            parked.answer.complete(Unit)
            return isAnswered
        } catch (e: Throwable) {
            if (e is CancellationException && parked.served.job?.isCompleted == true && currentCoroutineContext().isActive) return false
            parked.answer.completeExceptionally(e)
            throw e
        }
    }

    /** Pieces that do not come would never learn that nobody waits for them. */
    private suspend fun answerWhileOpen(served: Served, body: Body, headers: Map<String, String>): Boolean = coroutineScope {
        val sending = async(start = UNDISPATCHED) { served.answer(body, headers) }
        val end = served.job?.invokeOnCompletion { sending.cancel() }
        try {
            sending.await()
        } finally {
            end?.dispose()
        }
    }

    /** Has the request [id] fail; false if that is over, or has been answered. */
    fun fail(id: Long, code: Int, message: String): Boolean =
        open.remove(id)?.answer?.completeExceptionally(AnswerFailed(code, message)) == true

    /** Nothing more comes. */
    fun close() {
        synchronized(this) { isClosed = true }
        arrived.trySend(Unit)
    }

    /** The next one, or null at the end; nothing if it has to be waited for. */
    private fun poll(): Result<Request?>? {
        val first = synchronized(this) {
            val first = waiting.firstOrNull()
            if (first == null && !isClosed) return null
            if (first != null) waiting -= first
            first
        }
        arrived.trySend(Unit)
        return Result.success(first?.request)
    }

    private suspend fun await() {
        try {
            arrived.receive()
        } catch (e: CancellationException) {
            // It may have been for us: others look in our place.
            arrived.trySend(Unit)
            throw e
        }
    }
}
