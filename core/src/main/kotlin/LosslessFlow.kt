package io.hawser

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector

/**
 * A flow that hands each element to its collector as soon as it has been taken from the connection. The standard builder looks for a
 * cancellation in between, and what had been taken would be lost.
 */
internal class LosslessFlow<T>(private val elements: suspend (FlowCollector<T>) -> Unit) : Flow<T> {
    override suspend fun collect(collector: FlowCollector<T>) = elements(collector)
}
