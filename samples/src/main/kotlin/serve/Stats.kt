package io.hawser.samples.serve

import io.hawser.DatagramTotals
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.ServerHandle
import io.hawser.ServerTotals
import java.io.PrintWriter
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit.NANOSECONDS
import kotlin.concurrent.thread
import kotlin.math.roundToLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.DurationUnit.SECONDS

/**
 * Prints a line about [server] every second, and the last one when it is closed, on a thread of its own: stderr may be a pipe that
 * nobody reads, and neither the server nor its end waits for that.
 */
internal class Stats(private val server: ServerHandle, private val err: PrintWriter) : AutoCloseable {
    private val ended = CountDownLatch(1)
    private val reporter = thread(isDaemon = true, name = "hawser-stats") { report() }

    override fun close() {
        ended.countDown()
        reporter.join(PATIENCE.inWholeMilliseconds)
    }

    private fun report() {
        var before = server.numbers()
        var asOf = System.nanoTime()
        var next = asOf
        do {
            next += PERIOD.inWholeNanoseconds
            val isLast = ended.await(next - System.nanoTime(), NANOSECONDS)
            val now = server.numbers()
            val time = System.nanoTime()
            err.println(statsLine(server.connectionCount.value, now, before, (time - asOf).nanoseconds))
            before = now
            asOf = time
        } while (!isLast)
    }

    private companion object {
        val PERIOD = 1.seconds
        val PATIENCE = 5.seconds
    }
}

/** What it has done since its start, by name. */
internal fun ServerHandle.numbers(): Map<String, Long> = when (this) {
    is RunningServer -> totals.numbers()
    is RunningDatagramServer -> totals.numbers()
}

internal fun ServerTotals.numbers(): Map<String, Long> =
    linkedMapOf("accepted" to accepted, "refused" to refused, "in" to bytesRead, "out" to bytesWritten)

internal fun DatagramTotals.numbers(): Map<String, Long> =
    linkedMapOf("received" to received, "dropped" to dropped, "failed" to failed, "in" to bytesRead, "out" to bytesWritten)

/** Numbers by name, those since the start and those per second [since] there was [before]. */
internal fun statsLine(connections: Int, now: Map<String, Long>, before: Map<String, Long>, since: Duration): String {
    val sums = now.map { (name, value) -> "$name=$value" }
    val rates = now.map { (name, value) -> "$name/s=${((value - before.getValue(name)) / since.toDouble(SECONDS)).roundToLong()}" }
    return (listOf("stats connections=$connections") + sums + rates).joinToString(" ")
}
