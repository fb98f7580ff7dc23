@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.testkit.fault.FaultyStream
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.util.concurrent.ConcurrentHashMap

/**
 * A layer that spoils what is read from the transport with [input] and what is written to it with [output]:
 * `Memory.client("db").through(FaultLayer(output = Faults { sliceTo = 1 }))`. Both can be switched while streams run, from any thread.
 *
 * Whoever holds the stream sees a cut, and the close behind [Faults.endAfter] of the output, as [io.hawser.ConnectionReset]; the end of
 * the input as the end of the stream. Silence, which keeps an end to itself too, lasts until it is switched off or somebody closes the
 * stream. It runs no coroutine beyond the call that needs it, and waits in the time of the stream's loop.
 *
 * @throws IllegalArgumentException for a latency or a jitter of the output: it is the peer's input that can be late.
 */
public class FaultLayer @JvmOverloads constructor(input: Faults = Faults.NONE, output: Faults = Faults.NONE) : Layer {
    private val streams = ConcurrentHashMap.newKeySet<FaultyStream>()

    /**
     * What happens to the bytes that are read, of present and of later streams. A stream that is there when it is set counts its bytes from
     * then on; what is late already stays late.
     */
    @Volatile
    public var input: Faults = input
        set(value) {
            field = value
            streams.forEach { it.switchInput(value) }
        }

    /** What happens to the bytes that are written, as [input] to those that are read. */
    @Volatile
    public var output: Faults = output.also(::requirePunctual)
        set(value) {
            requirePunctual(value)
            field = value
            streams.forEach { it.switchOutput(value) }
        }

    /** Resets every present stream, for whoever holds it and for its peer. Any thread. */
    public fun resetAll(): Unit = streams.forEach(FaultyStream::reset)

    override suspend fun wrap(inner: RawStream): RawStream {
        val (given, sent) = input to output
        val stream = FaultyStream(inner, given, sent, streams::remove)
        streams.add(stream)
        // Whoever switched while it was not in the set did not find it there.
        if (input !== given) stream.switchInput(input)
        if (output !== sent) stream.switchOutput(output)
        return stream
    }

    private fun requirePunctual(output: Faults) {
        require(!output.latency.isPositive()) { "output has a latency of ${output.latency}; have the peer's input late" }
        require(!output.jitter.isPositive()) { "output has a jitter of ${output.jitter}; have the peer's input late" }
    }
}
