@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.testkit.fault.FaultyStream
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi

/**
 * A layer that spoils what is read from the transport with [input] and what is written to it with [output]:
 * `Memory.client("db").through(FaultLayer(output = Faults { sliceTo = 1 }))`.
 *
 * Whoever holds the stream sees a cut, and the close behind [Faults.endAfter] of the output, as [io.hawser.ConnectionReset]; the end of
 * the input as the end of the stream. Silence ends only when somebody closes the stream. It runs no coroutine beyond the call that needs
 * it, and waits in the time of the stream's loop.
 *
 * @throws IllegalArgumentException for a latency of the output: it is the peer's input that can be late.
 */
public class FaultLayer @JvmOverloads constructor(
    private val input: Faults = Faults.NONE,
    private val output: Faults = Faults.NONE,
) : Layer {
    init {
        require(!output.latency.isPositive()) { "output has a latency of ${output.latency}; have the peer's input late" }
    }

    override suspend fun wrap(inner: RawStream): RawStream = FaultyStream(inner, input, output)
}
