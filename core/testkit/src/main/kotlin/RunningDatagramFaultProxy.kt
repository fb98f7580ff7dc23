package io.hawser.testkit

import io.hawser.Endpoint
import io.hawser.RunningDatagramServer
import io.hawser.testkit.fault.LiveDatagramFaults
import io.hawser.testkit.fault.Routes
import java.net.SocketAddress
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.Job

/**
 * A proxy of datagrams that listens, and does to what goes through it, in both directions, what its properties say at that moment. Shares
 * are those of all datagrams, 0 to 1, and by default 0. Everything here may be called from any thread; nothing of it waits except
 * [awaitClosed].
 *
 * Up to 1 024 datagrams of 8 MiB together are on their way in each direction of a client; more are dropped, and counted. So is
 * what is longer than the `maxDatagramSize` of the options that the proxy listens or sends with, for it could not be sent on whole.
 */
public class RunningDatagramFaultProxy internal constructor(
    private val server: RunningDatagramServer,
    private val faults: LiveDatagramFaults,
    private val routes: Routes,
    private val life: Job,
) : AutoCloseable {
    /** Where clients send to. */
    public val address: SocketAddress get() = server.address

    /** [address] in its canonical form. */
    public val endpoint: Endpoint get() = server.endpoint

    /**
     * The port of [address].
     *
     * @throws IllegalStateException if it listens where there are no ports.
     */
    public val port: Int get() = server.port

    /** How many clients have a socket to the server. */
    public val clientCount: Int get() = routes.count

    /** The share of datagrams that are lost. */
    public var drop: Double by faults::drop

    /** The share of datagrams that arrive twice. */
    public var duplicate: Double by faults::duplicate

    /**
     * The share of datagrams that are overtaken: each is held until the next of its direction has been sent, or for 100 ms if there is
     * none. With 1 they arrive in swapped pairs.
     */
    public var reorder: Double by faults::reorder

    /** The share of datagrams of which one bit, chosen by the seed, is flipped. */
    public var corrupt: Double by faults::corrupt

    /** How long what comes in from now on is late. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var latency: Duration by faults::latency

    /** How much longer than [latency] it may be, each datagram by a chance of its own, so that they overtake each other. */
    @get:JvmSynthetic
    @set:JvmSynthetic
    public var jitter: Duration by faults::jitter

    /** While true everything is lost that comes, or would leave. */
    public var silent: Boolean by faults::silent

    /** What it has done so far. */
    public val totals: DatagramFaultTotals get() = faults.totals(unheard = server.totals.dropped)

    /** For Java: see [latency]. */
    public fun setLatency(value: java.time.Duration) {
        faults.latency = value.toKotlinDuration()
    }

    /** For Java: see [jitter]. */
    public fun setJitter(value: java.time.Duration) {
        faults.jitter = value.toKotlinDuration()
    }

    /** Drops what is on its way and ends the proxy with all its sockets. Returns at once; idempotent. */
    override fun close(): Unit = server.close()

    /** Suspends until nothing of the proxy is left. Cancelling the wait changes nothing. */
    public suspend fun awaitClosed() {
        server.awaitClosed()
        life.join()
    }

    override fun toString(): String = "fault proxy on $endpoint"
}
