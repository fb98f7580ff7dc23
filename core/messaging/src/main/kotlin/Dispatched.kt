package io.hawser.messaging

import kotlin.coroutines.ContinuationInterceptor
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/** Runs [block] where the caller is, or on Dispatchers.Default if the caller would go on in the thread of whoever wakes it. */
internal suspend fun <T> dispatched(block: suspend () -> T): T = when (currentCoroutineContext()[ContinuationInterceptor]) {
    null, Dispatchers.Unconfined -> withContext(Dispatchers.Default) { block() }
    else -> block()
}
