package io.hawser.benchmarks.inside

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.StreamClient
import io.hawser.transport.Connector
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.OperationsPerInvocation
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Setup

/** An operation is one read that never has to wait, and the event that tells of it. */
@OptIn(TransportApi::class)
public open class Publication : LoopBenchmark() {
    @Param
    private lateinit var observer: Observer

    private val target = ByteBuffer.allocateDirect(BYTES)
    private lateinit var connection: Connection

    /** Written by the observer. */
    private var seen = 0L

    @Setup
    public fun open() {
        val stream = BusyStream(loop, ByteBuffer.allocateDirect(BYTES))
        val options = ClientOptions { if (observer == Observer.LISTENER) onEvent { seen++ } }
        val client = StreamClient(stream.endpoint, options, Connector(stream.remote) { _, _ -> stream })
        if (observer == Observer.COLLECTOR) CoroutineScope(loop).launch(start = UNDISPATCHED) { client.events.collect { seen++ } }
        connection = runBlocking { client.connect() }
    }

    @Benchmark
    @OperationsPerInvocation(READS)
    public fun read(): Unit = onLoop { repeat(READS) { connection.read(target.clear()) } }

    private companion object {
        const val BYTES = 64
        const val READS = 50_000
    }
}

/** Who is told of events. */
internal enum class Observer {
    NOBODY,

    /** On the connection's own loop, where it keeps up, so that its work is in the figure. */
    COLLECTOR,

    /** On a thread of its own, where it may fall behind and lose events. */
    LISTENER,
}
