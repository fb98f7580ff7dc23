package io.hawser.testkit

import io.hawser.Endpoint
import io.hawser.RunningServer
import io.hawser.testkit.fault.Link
import io.hawser.testkit.fault.Links
import io.hawser.testkit.fault.LiveFaults
import java.net.SocketAddress
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.flow.StateFlow

/**
 * A proxy that listens, and does to the bytes that go through it what its properties say at that moment. Everything here may be
 * called from any thread; nothing of it waits except [awaitClosed].
 */
public class RunningFaultProxy internal constructor(
    private val server: RunningServer,
    private val faults: LiveFaults,
    private val links: Links,
) : AutoCloseable {
    /** Where clients connect. */
    public val address: SocketAddress get() = server.address

    /** [address] in its canonical form. */
    public val endpoint: Endpoint get() = server.endpoint

    /**
     * The port of [address].
     *
     * @throws IllegalStateException if it listens where there are no ports.
     */
    public val port: Int get() = server.port

    /** How many clients it carries, or connects to the server for. What is done to all connections reaches each that is counted. */
    public val connectionCount: StateFlow<Int> get() = links.count

    /**
     * How long everything that comes in from now on is late, ends and resets too; up to 1 MiB is on its way in each direction of a
     * connection, less if it came in small pieces.
     */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var latency: Duration by faults::latency

    /** How much longer than [latency] it may be, by chance; order is kept. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var jitter: Duration by faults::jitter

    /** What happens to clients that connect from now on. */
    public var onConnect: OnConnect by faults::onConnect

    /** The most bytes that leave at once; how many of them do is random. */
    public var sliceTo: Int by faults::sliceTo

    /** Bytes per second in each direction of each connection. */
    public var bandwidth: Long by faults::bandwidth

    /** While true nothing gets through, not even an end or a reset; what piles up is delivered afterwards. */
    public var silent: Boolean
        get() = faults.silent.value
        set(value) {
            faults.silent.value = value
        }

    /** For Java: see [latency]. */
    public fun setLatency(value: java.time.Duration) {
        faults.latency = value.toKotlinDuration()
    }

    /** For Java: see [jitter]. */
    public fun setJitter(value: java.time.Duration) {
        faults.jitter = value.toKotlinDuration()
    }

    /** Resets every connection, on the client's and on the server's side. */
    public fun resetAll(): Unit = links.forEach(Link::reset)

    /** Closes every connection on both sides, as a program does that is through. */
    public fun closeAll(): Unit = links.forEach(Link::close)

    /** Ends both directions of every connection behind what is on its way; what comes later is thrown away. */
    public fun endAll() {
        endToServer()
        endToClient()
    }

    /** Ends every connection's direction to the server, behind what is on its way; what comes later is thrown away. The other goes on. */
    public fun endToServer(): Unit = links.forEach(Link::endToServer)

    /** Ends every connection's direction to the client, as [endToServer] the other. */
    public fun endToClient(): Unit = links.forEach(Link::endToClient)

    /**
     * Resets each connection once [bytes] more have gone through it in one direction, present connections from now on and later ones
     * from their beginning; what is on its way then may be lost. 0 resets the present ones at once, [Faults.NEVER] takes it back.
     */
    public fun cutAfter(bytes: Long) {
        require(bytes >= 0) { "bytes < 0: $bytes" }
        faults.cutAfter = bytes
        links.forEach { it.cutAfter(bytes) }
    }

    /** Flips one bit, chosen by the seed, in the byte behind the next [bytes] in each direction of every present connection. */
    @JvmOverloads
    public fun corruptAfter(bytes: Long = 0) {
        require(bytes >= 0) { "bytes < 0: $bytes" }
        links.forEach { it.corruptAfter(bytes) }
    }

    /** Cuts every connection and stops listening. Returns at once; idempotent. */
    override fun close(): Unit = server.close()

    /** Suspends until nothing of the proxy is left. Cancelling the wait changes nothing. */
    public suspend fun awaitClosed(): Unit = server.awaitClosed()

    override fun toString(): String = "fault proxy on $endpoint"
}
