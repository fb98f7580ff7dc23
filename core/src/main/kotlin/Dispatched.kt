package io.hawser

import kotlin.coroutines.ContinuationInterceptor
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/**
 * Runs [block] where the caller is, or on Dispatchers.Default if the caller has no dispatcher, as in `suspend fun main`: such a
 * caller would go on inline in whichever thread resumes it, on an event loop for instance.
 */
internal suspend fun <T> dispatched(block: suspend () -> T): T =
    if (currentCoroutineContext()[ContinuationInterceptor] != null) block() else withContext(Dispatchers.Default) { block() }
