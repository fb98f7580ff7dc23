package io.hawser.engine

import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CompletionHandler
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.ThreadContextElement
import kotlinx.coroutines.job

/** A coroutine that waits for a channel. Who has taken it out of its slot ends the wait, once. */
internal sealed interface Waiter {
    /** Resumes it because the channel is ready. On the loop, outside any iteration of keys. */
    fun ready(loop: EventLoop)

    /** Resumes it without a cause, or has [missed] run where it was cancelled meanwhile. Any thread. */
    fun wake(missed: () -> Unit)

    /** Any thread. */
    fun fail(cause: Throwable)
}

/**
 * A coroutine that waits on its own loop: it is resumed inline, and the same object serves all its waits, so that a wait allocates
 * nothing. It watches its coroutine's Job from its first wait to [release].
 *
 * The continuation is resumed bare, which keeps what `CancellableContinuation.resumeUndispatched` would add to elements that follow a
 * coroutine from thread to thread; so contexts with such elements are not [accepted][accepts].
 */
@OptIn(InternalCoroutinesApi::class)
internal class LocalWaiter(context: CoroutineContext, private val readiness: Readiness) :
    Waiter,
    CompletionHandler {
    /** Written before the slot is filled, read by who has emptied it. */
    private var continuation: Continuation<Unit>? = null

    /** The coroutine's; null once that is cancelled or has ended, so that it and its result are not held on to. */
    @Volatile
    private var context: CoroutineContext? = context

    private var watch: DisposableHandle? = null

    init {
        val watching = context[Job]?.invokeOnCompletion(onCancelling = true, handler = this)
        if (this.context != null) watch = watching
    }

    /** Its coroutine is being cancelled, or has ended. */
    override fun invoke(cause: Throwable?) {
        context = null
        watch = null
        if (readiness.take(this)) taken().let { it.intercepted().resumeWithException(it.context.job.getCancellationException()) }
    }

    fun isOf(context: CoroutineContext): Boolean = this.context === context

    fun prepare(waiting: Continuation<Unit>) {
        continuation = waiting
    }

    /** To be called once the slot is filled: a cancellation from before that found it empty. */
    fun throwIfCancelled() {
        if (context == null && readiness.take(this)) throw taken().context.job.getCancellationException()
    }

    override fun ready(loop: EventLoop) {
        val waiting = taken()
        loop.runTask { waiting.resume(Unit) }
    }

    override fun wake(missed: () -> Unit): Unit = taken().intercepted().resume(Unit)

    override fun fail(cause: Throwable): Unit = taken().intercepted().resumeWithException(cause)

    /** Nothing refers to it any more after this; its coroutine may live on for long. */
    fun release() {
        watch?.dispose()
        watch = null
    }

    private fun taken(): Continuation<Unit> = checkNotNull(continuation).also { continuation = null }

    companion object {
        fun accepts(context: CoroutineContext, loop: EventLoop): Boolean =
            context[ContinuationInterceptor] === loop &&
                context.fold(true) { plain, element -> plain && element !is ThreadContextElement<*> }
    }
}

/** A coroutine that waits for a channel of another loop, or has no loop at all, for the time of one wait. */
@OptIn(ExperimentalCoroutinesApi::class)
internal class RemoteWaiter(private val continuation: CancellableContinuation<Unit>) : Waiter {
    override fun ready(loop: EventLoop) {
        val interceptor = continuation.context[ContinuationInterceptor]
        when {
            interceptor === loop -> loop.runTask { with(loop) { with(continuation) { resumeUndispatched(Unit) } } }
            interceptor == null -> continuation.dispatched { resume(Unit) }
            else -> loop.runTask { continuation.resume(Unit) }
        }
    }

    override fun wake(missed: () -> Unit): Unit = continuation.dispatched { resume(Unit) { _, _, _ -> missed() } }

    override fun fail(cause: Throwable): Unit = continuation.dispatched { resumeWithException(cause) }
}

/**
 * Does [resumption] from any thread: through the waiter's dispatcher, or through Dispatchers.Default if it has none, such as
 * `suspend fun main`, which would run on in our thread until it suspends again.
 */
internal inline fun <T> CancellableContinuation<T>.dispatched(crossinline resumption: CancellableContinuation<T>.() -> Unit) {
    if (context[ContinuationInterceptor] != null) {
        resumption()
    } else {
        Dispatchers.Default.dispatch(EmptyCoroutineContext) { resumption() }
    }
}
