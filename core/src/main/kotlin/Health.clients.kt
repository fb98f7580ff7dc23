package io.hawser

import kotlin.time.Duration
import kotlin.time.TimeSource
import kotlin.time.toJavaDuration
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withTimeoutOrNull

/** What [attempt] to reach [endpoint] says about it, which opens something and closes it again, within [timeout]. */
internal suspend fun healthBy(endpoint: Endpoint, timeout: Duration, attempt: suspend () -> AutoCloseable): Health {
    requirePositive("timeout", timeout)
    val began = TimeSource.Monotonic.markNow()
    var took: Duration? = null
    try {
        withTimeoutOrNull(timeout) { attempt().use { took = began.elapsedNow() } }
    } catch (e: Exception) {
        currentCoroutineContext().ensureActive()
        return Health.Down(HealthProblem.Unreachable(endpoint, e))
    }
    return took?.let { Health.Up(it.toJavaDuration()) } ?: Health.Down(HealthProblem.NoAnswer(endpoint, timeout.toJavaDuration()))
}
