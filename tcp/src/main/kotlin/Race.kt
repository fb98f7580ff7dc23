package io.hawser.tcp

import java.util.concurrent.atomic.AtomicReference
import kotlin.time.Duration
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withTimeoutOrNull

/** Nobody won a [race]: what each failed of, in the order of the candidates; null for one that was cancelled by somebody else. */
internal class AllFailed(val failures: List<Throwable?>) : Exception("all ${failures.size} failed", failures.firstNotNullOfOrNull { it })

/**
 * Opens the [candidates], each when the one before it has failed or has had [delay] to itself, and returns the first that is open (RFC
 * 8305, section 5). It returns when all others have ended: they are cancelled, and what one of them opened all the same is given to
 * [discard]. So is the first one, if the caller is cancelled.
 *
 * [open] holds nothing when it fails or is cancelled; neither it nor [discard] may be called in vain: what they return or get is open.
 *
 * @throws AllFailed when the last has failed.
 */
internal suspend fun <C, T : Any> race(candidates: List<C>, delay: Duration, discard: (T) -> Unit, open: suspend (C) -> T): T {
    val first = AtomicReference<T?>()
    val failures = arrayOfNulls<Throwable>(candidates.size)
    try {
        coroutineScope {
            val won = Job()
            val attempts = launch {
                candidates.forEachIndexed { i, candidate ->
                    val attempt = launch {
                        try {
                            val opened = open(candidate)
                            if (first.compareAndSet(null, opened)) won.complete() else discard(opened)
                        } catch (e: Throwable) {
                            currentCoroutineContext().ensureActive()
                            failures[i] = e
                        }
                    }
                    withTimeoutOrNull(delay) { attempt.join() }
                }
            }
            select {
                won.onJoin { }
                attempts.onJoin { }
            }
            attempts.cancel()
        }
        return first.get() ?: throw AllFailed(failures.asList())
    } catch (e: Throwable) {
        first.get()?.let(discard)
        throw e
    }
}
