package io.hawser

import kotlin.coroutines.ContinuationInterceptor
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/**
 * Runs [block] where the caller is, or on Dispatchers.Default if the caller has no dispatcher, as in `suspend fun main`, or an
 * unconfined one: such a caller would go on inline in whichever thread resumes it, on an event loop for instance.
 */
internal suspend fun <T> dispatched(block: suspend () -> T): T {
    val interceptor = currentCoroutineContext()[ContinuationInterceptor]
    val inline = interceptor == null || interceptor === Dispatchers.Unconfined
    return if (inline) withContext(Dispatchers.Default) { block() } else block()
}
