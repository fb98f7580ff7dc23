package io.hawser.broker.answering

import io.hawser.broker.AnswerFailed
import io.hawser.broker.Request
import io.hawser.transport.TransportApi
import io.hawser.transport.dispatched
import java.util.concurrent.atomic.AtomicLong
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.LAZY
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import org.slf4j.LoggerFactory

/**
 * Runs [handler] for each request, [concurrency] at a time; up to [prefetch] more wait. It outlives connections, and has a scope of its own
 * below [scope]: a handler that does not end when it is cancelled keeps its place, and nothing else.
 */
@OptIn(TransportApi::class)
internal class Handlers(
    scope: CoroutineScope,
    private val concurrency: Int,
    prefetch: Int,
    private val handler: suspend Served.(Request) -> Unit,
) {
    private val job = SupervisorJob(scope.coroutineContext[Job])
    private val scope = CoroutineScope(scope.coroutineContext + job + CoroutineName("handler of requests"))
    private val numbers = AtomicLong()

    /** Guarded by the monitor, like what follows. */
    private val waiting = LinkedHashSet<Served>()
    private val running = HashSet<Served>()

    /** How many requests it takes at a time. */
    val capacity: Int = minOf(concurrency.toLong() + minOf(prefetch, concurrency), Int.MAX_VALUE.toLong()).toInt()

    /** Has [request] handled, at once or when there is a place. */
    fun take(request: Served) {
        val running = scope.launch(start = LAZY) { dispatched { handle(request) } }
        request.job = running
        running.invokeOnCompletion { cause ->
            // It has cancelled itself, or its executor has.
            if (cause != null && job.isActive) request.failWith(0, "the handler was cancelled")
            leave(request)
        }
        if (enters(request)) running.start()
    }

    /** Cancels what is being handled, and handles nothing more. */
    fun close() = job.cancel()

    /** Suspends until nothing is handled any more, once it has been closed. */
    suspend fun join() = dispatched { job.join() }

    @Synchronized
    private fun enters(request: Served): Boolean {
        // Then it has been told to leave already.
        if (request.job?.isCompleted == true) return false
        val hasPlace = running.size < concurrency
        if (hasPlace) running += request else waiting += request
        return hasPlace
    }

    private fun leave(request: Served) {
        val next = synchronized(this) {
            if (waiting.remove(request) || !running.remove(request)) return
            waiting.firstOrNull()?.also {
                waiting -= it
                running += it
            }
        }
        next?.job?.start()
    }

    private suspend fun handle(request: Served) {
        try {
            handler(request, request.request(numbers.incrementAndGet()))
            // One that ignores its cancellation has not answered.
            currentCoroutineContext().ensureActive()
            request.complete()
        } catch (e: CancellationException) {
            currentCoroutineContext().ensureActive()
            fail(request, e)
        } catch (e: Throwable) {
            currentCoroutineContext().ensureActive()
            fail(request, e)
        }
    }

    private fun fail(request: Served, cause: Throwable) {
        if (cause is AnswerFailed) return request.failWith(cause.code, cause.reason)
        log.debug("a handler has failed", cause)
        request.failWith(0, cause.message ?: cause.javaClass.run { simpleName.ifEmpty { name } })
    }

    private companion object {
        val log = LoggerFactory.getLogger(Handlers::class.java)
    }
}
