@file:JvmName("CircuitBreaking")

package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.Health
import io.hawser.HealthProblem
import io.hawser.StreamClient
import io.hawser.transport.DialGuard
import io.hawser.transport.TransportApi
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/**
 * Keeps clients from connecting for a while when too many attempts in a row have failed, as [options] say, so that nobody waits for a
 * server that is not there, and a server that is coming back is not met by everybody at once. Put before a client with [guardedBy]; any
 * number of clients may share one, from any thread, and then fail and recover together.
 *
 * An attempt fails by whatever [StreamClient.connect] throws. One that is cancelled, by the timeout of who called it too, decides nothing:
 * so a client's own timeouts should be the shorter ones.
 */
@OptIn(TransportApi::class)
public class CircuitBreaker @JvmOverloads constructor(public val options: CircuitBreakerOptions = CircuitBreakerOptions()) {
    private val current = MutableStateFlow<CircuitState>(CircuitState.Closed())
    internal val guard = DialGuard { endpoint, dial -> guarded(endpoint, dial) }

    /** How often it has opened: who began before the last time says nothing about now. */
    private val openings = AtomicInteger()

    /** Where it is. Hot; an open one stays so until somebody connects after [CircuitBreakerOptions.openFor]. */
    public val state: StateFlow<CircuitState> = current.asStateFlow()

    /** How it is by its [state], without waiting; any thread: down while it is open, degraded while it is half open. */
    public fun health(): Health = when (val state = state.value) {
        is CircuitState.Closed -> Health.Up()

        is CircuitState.Open -> {
            val remaining = (options.openFor - state.since.elapsedNow()).coerceAtLeast(Duration.ZERO)
            Health.Down(HealthProblem.CircuitOpen(remaining.toJavaDuration(), state.cause))
        }

        is CircuitState.HalfOpen -> Health.Degraded(listOf(HealthProblem.CircuitHalfOpen(state.cause)))
    }

    override fun toString(): String = "circuit breaker in ${state.value}"

    private suspend fun guarded(endpoint: Endpoint, dial: suspend () -> Connection): Connection {
        val isTrial = enter(endpoint)
        val begun = openings.get()
        val connection = try {
            dial()
        } catch (e: Throwable) {
            // Another breaker that does not let anybody try knows nothing about the server.
            val isUndecided = e is CancellationException || e is CircuitOpen
            advance(
                begun,
                if (isUndecided) CircuitStep.Abandoned(isTrial) else CircuitStep.Failed(isTrial, e, options.timeSource.markNow()),
            )
            throw e
        }
        advance(begun, CircuitStep.Succeeded(isTrial))
        return connection
    }

    /** Whether who enters is the one that tries a half-open circuit. */
    private fun enter(endpoint: Endpoint): Boolean {
        while (true) {
            val before = current.value
            when (before) {
                is CircuitState.Closed -> return false

                is CircuitState.Open -> {
                    val remaining = options.openFor - before.since.elapsedNow()
                    if (remaining.isPositive()) throw CircuitOpen(endpoint, remaining.toJavaDuration(), before.cause)
                }

                is CircuitState.HalfOpen ->
                    if (before.isTrying) throw CircuitOpen(endpoint, Duration.ZERO.toJavaDuration(), before.cause)
            }
            if (current.compareAndSet(before, before.after(CircuitStep.Try, options.failures))) return true
        }
    }

    private fun advance(begun: Int, step: CircuitStep) {
        while (begun == openings.get()) {
            val before = current.value
            val after = before.after(step, options.failures)
            if (!current.compareAndSet(before, after)) continue
            if (after is CircuitState.Open && before !is CircuitState.Open) openings.incrementAndGet()
            return
        }
    }
}

/** The same client, which connects only if [breaker] lets it, and tells it how that went. Where there are several, the last one is asked first. */
@OptIn(TransportApi::class)
public fun StreamClient.guardedBy(breaker: CircuitBreaker): StreamClient = guardedBy(breaker.guard)
