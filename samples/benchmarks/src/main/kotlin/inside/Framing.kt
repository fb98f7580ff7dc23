package io.hawser.benchmarks.inside

import io.hawser.Connection
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.OperationsPerInvocation
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Setup
import org.openjdk.jmh.infra.Blackhole

/** An operation is one frame of 60 bytes among many: by the codec alone, or received through a connection that never has to wait. */
@OptIn(TransportApi::class)
public open class Framing : LoopBenchmark() {
    @Param
    private lateinit var codec: Codec

    private lateinit var bytes: ByteBuffer
    private lateinit var connection: Connection

    @Setup
    public fun open() {
        bytes = codec.frames.bytes(FRAMES)
        connection = Connection(BusyStream(loop, codec.frames.bytes(FRAMES)))
    }

    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public fun decode(sink: Blackhole): Unit = codec.frames.decodeAll(bytes.rewind(), sink)

    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public fun encode(sink: Blackhole): Unit = codec.frames.encode(FRAMES, sink)

    @Benchmark
    @OperationsPerInvocation(RECEIVED)
    public fun receive(): Unit = onLoop { codec.frames.receive(RECEIVED, connection) }

    private companion object {
        const val FRAMES = 1_000
        const val RECEIVED = 50_000
    }
}
