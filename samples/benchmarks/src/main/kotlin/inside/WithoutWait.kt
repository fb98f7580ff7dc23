package io.hawser.benchmarks.inside

import io.hawser.Connection
import io.hawser.copyTo
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.OperationsPerInvocation
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Setup

/** An operation is one call on a connection whose peer never has it wait, from its own loop; of [copy] it is one chunk. */
@OptIn(TransportApi::class)
public open class WithoutWait : LoopBenchmark() {
    @Param("64", "4096")
    private var bytes: Int = 0

    private lateinit var line: ByteBuffer
    private lateinit var target: ByteBuffer
    private lateinit var connection: Connection

    @Setup
    public fun open() {
        line = ByteBuffer.allocateDirect(bytes)
        while (line.remaining() > 1) line.put('x'.code.toByte())
        line.put('\n'.code.toByte()).flip()
        target = ByteBuffer.allocateDirect(bytes)
        connection = Connection(BusyStream(loop, line.duplicate()))
    }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public fun read(): Unit = onLoop { repeat(CALLS) { connection.read(target.clear()) } }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public fun write(): Unit = onLoop { repeat(CALLS) { connection.write(target.clear()) } }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public fun readLine(): Unit = onLoop { repeat(CALLS) { checkNotNull(connection.readLine()) } }

    @Benchmark
    @OperationsPerInvocation(CALLS)
    public fun copy(): Unit = onLoop { Connection(BusyStream(loop, line.duplicate(), times = CALLS.toLong())).copyTo(connection) }

    private companion object {
        const val CALLS = 50_000
    }
}
