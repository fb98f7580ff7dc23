package io.hawser.benchmarks.inside

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.ServerOptions
import io.hawser.engine.EventLoop
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.tcp.Tcp
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancel
import kotlinx.coroutines.runBlocking
import org.openjdk.jmh.annotations.Benchmark
import org.openjdk.jmh.annotations.OperationsPerInvocation
import org.openjdk.jmh.annotations.Param
import org.openjdk.jmh.annotations.Setup
import org.openjdk.jmh.annotations.TearDown

/** An operation is a message there and back over TCP and the loopback address: two reads that have to wait, and two writes. */
public open class WithWait : InsideBenchmark() {
    @Param
    private lateinit var loops: Loops

    @Param
    private lateinit var messages: Messages

    private val scope = CoroutineScope(Job())
    private lateinit var loop: EventLoop
    private lateinit var connection: Connection

    @Setup
    public fun connect() {
        val group = loops.group()
        val options = ServerOptions { this.group = group }
        val server = runBlocking { Tcp.server(port = 0, options = options).start(scope) { messages.answer(it) } }
        // Loops take turns: the server's end of the connection gets the one after this.
        loop = group.next()
        connection = runBlocking(loop) { Tcp.client("127.0.0.1", server.port, ClientOptions { this.group = group }).connect() }
    }

    @Benchmark
    @OperationsPerInvocation(ROUND_TRIPS)
    public fun roundTrip(): Unit = runBlocking(loop) { messages.ask(connection, ROUND_TRIPS) }

    @TearDown
    public fun disconnect() {
        connection.close()
        scope.cancel()
    }

    private companion object {
        const val ROUND_TRIPS = 2_000
    }
}

/** Where the two connections live. */
internal enum class Loops(val group: () -> EventLoopGroup) {
    /** Both on one: nobody has to be woken. */
    ONE({ EventLoopGroup(EventLoopOptions { loops = 1 }) }),

    /** Where connections live that are given no group: each on a loop of its own. */
    SHARED({ EventLoopGroup.shared }),
}
