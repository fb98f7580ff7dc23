package io.hawser.micrometer

import io.hawser.reconnect.CircuitBreaker
import io.hawser.reconnect.CircuitState
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags
import kotlinx.coroutines.awaitCancellation

/**
 * What [breaker], which is called [name], lets happen, looked at when the registry is: `hawser.circuit.*`. A breaker never ends: its meters stay
 * until [close].
 */
public class CircuitBreakerMetrics @JvmOverloads constructor(
    private val breaker: CircuitBreaker,
    name: String,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(Tags.of("name", name).and(tags)) {
    override fun Meters.register() {
        state("closed") { it is CircuitState.Closed }
        state("open") { it is CircuitState.Open }
        state("half_open") { it is CircuitState.HalfOpen }
        gauge("hawser.circuit.failures", breaker, "failures", "Attempts that failed in a row while it was closed") {
            (it.state.value as? CircuitState.Closed)?.failures ?: it.options.failures
        }
    }

    private fun Meters.state(name: String, isIt: (CircuitState) -> Boolean) =
        gauge("hawser.circuit.state", breaker, null, "1 for the state that it is in, 0 for the others", "state", name) {
            isIt(it.state.value).asNumber()
        }

    override suspend fun watch(): Unit = awaitCancellation()
}
