package io.hawser.samples.monitor

import io.hawser.ConnectionInfo
import io.hawser.Endpoint
import io.hawser.RunningServer
import io.hawser.event.ServerState
import io.hawser.samples.serve.Service
import java.time.Instant
import java.time.temporal.ChronoUnit.MILLIS
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit.SECONDS
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.launch

/** Looks at the [service] of [program], which is at [endpoint] and runs on [loops], while somebody wants to know. */
internal class Sampler(
    private val program: String,
    private val endpoint: Endpoint,
    private val service: Service,
    private val loops: List<CoroutineDispatcher>,
) {
    private val since = Instant.now().truncatedTo(MILLIS)

    /** A snapshot each second, the first after one. Cold: without a collector nothing is measured. */
    val snapshots: Flow<Snapshot> = channelFlow {
        val probes = LoopProbes(loops).also { launch { it.run() } }
        val insight = service.insight(this)
        var before = Reading(service, insight)
        while (true) {
            delay(PERIOD)
            val reading = Reading(service, insight)
            send(reading.since(before, probes.turn()))
            before = reading
        }
    }

    private fun Reading.since(before: Reading, loopDelay: Quantiles?): Snapshot {
        val elapsed = (nanoTime - before.nanoTime).nanoseconds
        return Snapshot(
            program = program,
            endpoint = "$endpoint",
            state = service.handle.state.value.inWords(),
            health = service.handle.health().inWords(),
            since = since,
            at = at,
            now = mapOf("connections" to service.handle.connectionCount.value.toLong()) + facts.now,
            totals = totals,
            rates = totals.mapValues { (name, total) -> perSecond(total - before.totals.getOrDefault(name, 0), elapsed) },
            refused = service.handle.refused(),
            delays = listOfNotNull(loopDelay?.let { "loop" to it }).toMap() + facts.delays,
            busiest = busiest(),
            channels = facts.channels,
        )
    }

    private fun Reading.busiest(): List<BusyConnection> = connections
        .map {
            BusyConnection(
                remote = "${Endpoint.of(endpoint.scheme, it.remote)}".removePrefix("${endpoint.scheme}:").removePrefix("//"),
                age = it.age,
                idle = it.idle,
                bytesIn = it.bytesRead,
                bytesOut = it.bytesWritten,
                rateIn = it.readRate,
                rateOut = it.writeRate,
                isThrottled = it.throttled,
            )
        }
        .sortedWith(compareByDescending<BusyConnection> { it.rateIn + it.rateOut }.thenByDescending { it.bytesIn + it.bytesOut })
        .take(BUSIEST)

    private companion object {
        val PERIOD = 1.seconds

        /** More than fit on a screen. */
        const val BUSIEST = 50
    }
}

/** What was read of a service at one moment. */
private class Reading(service: Service, insight: Insight) {
    val facts = insight.look()
    val totals = service.handle.sums() + facts.totals
    val connections: List<ConnectionInfo> = (service.handle as? RunningServer)?.connections.orEmpty()
    val nanoTime = System.nanoTime()
    val at: Instant = Instant.now().truncatedTo(MILLIS)
}

/** None of the numbers falls but by chance, between two that were read one after the other. */
private fun perSecond(count: Long, elapsed: Duration): Double = count.coerceAtLeast(0) / elapsed.toDouble(SECONDS)

private fun ServerState.inWords(): String = when (this) {
    is ServerState.Listening -> "listening"
    ServerState.NotAccepting -> "not accepting"
    ServerState.Draining -> "draining"
    is ServerState.Closed -> "closed"
    is ServerState.Failed -> "failed"
}
