package io.hawser.transport

import io.hawser.EventLoopClosed
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/** What the caller meets instead of this: a cancellation of his own, or the end of the loop, or else [typed]. */
@TransportApi
public suspend fun Throwable.orTyped(typed: () -> Throwable): Throwable {
    // A hook's own CancellationException is none of the caller's.
    if (this is CancellationException) currentCoroutineContext().ensureActive()
    return if (this is EventLoopClosed) this else typed()
}
