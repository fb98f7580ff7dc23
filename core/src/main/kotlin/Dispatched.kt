package io.hawser

import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/** Whether a coroutine with this context goes on inline in whichever thread resumes it: it has no dispatcher, or an unconfined one. */
internal val CoroutineContext.runsInline: Boolean
    get() = this[ContinuationInterceptor].let { it == null || it === Dispatchers.Unconfined }

/** Runs [block] where the caller is, or on Dispatchers.Default if the caller would go on in a thread of ours, on an event loop for instance. */
internal suspend fun <T> dispatched(block: suspend () -> T): T =
    if (currentCoroutineContext().runsInline) withContext(Dispatchers.Default) { block() } else block()
