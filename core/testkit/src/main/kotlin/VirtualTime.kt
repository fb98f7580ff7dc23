@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.KotlinOnly
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.testkit.memory.nameInMemory
import io.hawser.transport.TransportApi
import java.util.concurrent.locks.LockSupport
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlin.time.measureTime
import kotlinx.coroutines.CoroutineName
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.async

/** What [virtualTime] runs: a scope whose coroutines, and connections in memory, wait for nothing but each other. */
@KotlinOnly
public class VirtualTime internal constructor(
    /** The loop that everything here lives on. */
    public val loop: ManualLoop,
    scope: CoroutineScope,
) : CoroutineScope by scope {
    /** How much virtual time has passed. */
    public val elapsed: Duration get() = loop.elapsed

    /** Two connected ends, each the block's to close, as [Memory.pair]. */
    public fun pair(): Pair<Connection, Connection> = Memory.pair(loop)

    /** A server in memory, as [Memory.server]. */
    public fun server(options: ServerOptions = ServerOptions()): StreamServer = Memory.server(loop, options)

    /** A client of [server]. */
    public fun client(server: RunningServer, options: ClientOptions = ClientOptions()): StreamClient =
        Memory.client(server.endpoint.nameInMemory, loop, options)

    /** A server of datagrams in memory, as [MemoryDatagram.server]. */
    public fun datagramServer(options: DatagramServerOptions = DatagramServerOptions()): DatagramServer =
        MemoryDatagram.server(loop, options)

    /** A client of [server]. */
    public fun datagramClient(
        server: RunningDatagramServer,
        options: DatagramClientOptions = DatagramClientOptions(),
    ): DatagramClient = MemoryDatagram.client(server.endpoint.nameInMemory, loop, options)
}

/**
 * Runs [block] in virtual time, and returns its result when everything that it launched has ended too: `delay`, `withTimeout` and the
 * timeouts of connections in memory pass at once, in the same order each time. The calling thread does all of it.
 *
 * When nothing is left to run, no timer either, and the block has not ended, nothing ever will end it: that is a failure, as it is to
 * take over [timeout] of real time. Then the block is cancelled; that is looked at between its steps, so one that does not suspend is not
 * ended. What runs on other threads is waited for, for five seconds in which this process does not stand still, but only while no
 * timer is set: else time goes on to that.
 *
 * @throws AssertionError if it cannot end or takes too long.
 * @throws Throwable what the block throws.
 */
@KotlinOnly
public fun <T> virtualTime(timeout: Duration = 60.seconds, block: suspend VirtualTime.() -> T): T = virtualTime(timeout, IDLE_LIMIT, block)

/** The same, waiting for [idleLimit] for what runs on other threads. */
@OptIn(ExperimentalCoroutinesApi::class)
internal fun <T> virtualTime(timeout: Duration, idleLimit: Duration, block: suspend VirtualTime.() -> T): T {
    val loop = ManualLoop()
    var returned = false
    val result = CoroutineScope(loop.dispatcher).async { VirtualTime(loop, this).block().also { returned = true } }
    loop.drive(result, timeout, idleLimit)?.let { trouble ->
        val waiting = result.names().joinToString("\n") { "  $it" }.ifEmpty { "  nobody who has a name" }
        val what = if (returned) "the block has ended, and what it launched has not" else "the block has not ended"
        val failure = AssertionError("$trouble, after ${loop.elapsed} of virtual time; $what. There are\n$waiting")
        result.cancel()
        loop.drive(result, CLEAN_UP, idleLimit)
        throw failure
    }
    return result.getCompleted()
}

/** Runs until [result] is there, and returns null; or what keeps it from being. */
private fun ManualLoop.drive(result: Deferred<*>, timeout: Duration, idleLimit: Duration): String? {
    val start = TimeSource.Monotonic.markNow()
    var idle = Duration.ZERO
    while (!result.isCompleted) {
        if (start.elapsedNow() > timeout) return "it takes over $timeout of real time"
        if (runNext()) {
            idle = Duration.ZERO
            continue
        }
        if (idle > idleLimit) return "nothing is left to run"
        // While the whole process stands still others cannot go on either.
        idle += minOf(measureTime { LockSupport.parkNanos(LOOK_EVERY.inWholeNanoseconds) }, LOOK_EVERY * 10)
    }
    return null
}

/** The coroutines below this one that have a name. */
private fun Job.names(): List<String> = children.toList().flatMap { child ->
    listOfNotNull((child as? CoroutineScope)?.coroutineContext?.get(CoroutineName)?.name) + child.names()
}.distinct()

private val IDLE_LIMIT = 5.seconds
private val CLEAN_UP = 5.seconds
private val LOOK_EVERY = 1.milliseconds
