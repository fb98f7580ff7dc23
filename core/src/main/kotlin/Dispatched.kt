package io.hawser

import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.resume
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/** Whether a coroutine with this context goes on inline in whichever thread resumes it: it has no dispatcher, or an unconfined one. */
internal val CoroutineContext.runsInline: Boolean
    get() = this[ContinuationInterceptor].let { it == null || it === Dispatchers.Unconfined }

/** Runs [block] where the caller is, or on Dispatchers.Default if the caller would go on in a thread of ours, on an event loop for instance. */
internal suspend fun <T> dispatched(block: suspend () -> T): T =
    if (currentCoroutineContext().runsInline) withContext(Dispatchers.Default) { block() } else block()

/**
 * Returns [value], a [T], after those who are ready to run have had their turn if [yielding]. Cancelling it changes nothing, because
 * what is done is done. In tail position it costs no coroutine frame, as a `yield` before the operation would.
 *
 * Generic also for those who return Unit: the compiler gives a frame to what suspends for Unit by itself.
 */
@Suppress("UNCHECKED_CAST")
internal suspend fun <T> done(value: Any?, yielding: Boolean): T = suspendCoroutineUninterceptedOrReturn { caller ->
    val dispatched = if (yielding && caller.context.dispatches) caller.intercepted() else caller
    if (dispatched === caller) return@suspendCoroutineUninterceptedOrReturn value
    dispatched.resume(value as T)
    COROUTINE_SUSPENDED
}

/** Whether who is resumed with this context runs later, and not within the call. */
private val CoroutineContext.dispatches: Boolean
    get() = (this[ContinuationInterceptor] as? CoroutineDispatcher)?.isDispatchNeeded(this) == true
