package io.hawser.reconnect

import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Cancels [block], which then throws a CancellationException, when [over] has completed. */
internal suspend fun <T> unless(over: Job, block: suspend () -> T): T = coroutineScope {
    val watch = launch(start = UNDISPATCHED) {
        over.join()
        this@coroutineScope.cancel()
    }
    block().also { watch.cancel() }
}
