package io.hawser.benchmarks.server

import java.net.InetAddress
import java.net.ServerSocket
import java.util.Locale
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import org.HdrHistogram.Histogram

/** Asks once, and waits for the answer, which it checks. Any number ask at a time. */
internal fun interface Asker {
    suspend fun ask(question: Question)
}

/**
 * Where loads are told to a process that asks, over one connection after another: in a line how many ask at a time, how many bytes, and for
 * how many seconds before it counts and then. The line that answers has the figures, or behind [COMPLAINT] why there are none.
 */
internal class Askers : AutoCloseable {
    private val server = ServerSocket(0, 1, InetAddress.getLoopbackAddress())

    val port: Int get() = server.localPort

    /** Has [asker] ask as it is told, for as long as the process runs. */
    suspend fun obey(asker: Asker) {
        while (true) {
            server.accept().use { socket ->
                val (askers, bytes, warmup, seconds) = socket.getInputStream().bufferedReader().readLine().split(' ')
                val answer = try {
                    ask(asker, askers.toInt(), Question(bytes.toInt()), warmup.toDouble().seconds, seconds.toDouble().seconds)
                } catch (e: Exception) {
                    "$COMPLAINT$e"
                }
                socket.getOutputStream().write("$answer\n".encodeToByteArray())
            }
        }
    }

    /** What began in the [measured] time counts, and takes the time until the last of it has ended: some take longer than all of it. */
    private suspend fun ask(asker: Asker, askers: Int, question: Question, warmup: Duration, measured: Duration): String {
        val from = System.nanoTime() + warmup.inWholeNanoseconds
        val until = from + measured.inWholeNanoseconds
        val all = Histogram(PRECISION)
        val ends = coroutineScope {
            List(askers) { async(Dispatchers.Default) { askUntil(until, from, asker, question) } }.awaitAll()
        }
        ends.forEach { (latencies, _) -> all.add(latencies) }
        val perSecond = all.totalCount * NANOS_PER_SECOND / (ends.maxOf { (_, end) -> end } - from)
        return "per_second=%.3f p50_us=%.1f p99_us=%.1f gb_per_second=%.6f".format(
            Locale.ROOT,
            perSecond,
            all.getValueAtPercentile(50.0) / NANOS_PER_MICRO,
            all.getValueAtPercentile(99.0) / NANOS_PER_MICRO,
            perSecond * question.size / BYTES_PER_GB,
        )
    }

    /** The times of those that began at [from] or later, and when the last one ended. */
    private suspend fun askUntil(until: Long, from: Long, asker: Asker, question: Question): Pair<Histogram, Long> {
        val latencies = Histogram(PRECISION)
        var began = System.nanoTime()
        while (began < until || latencies.totalCount == 0L) {
            asker.ask(question)
            val ended = System.nanoTime()
            if (began >= from) latencies.recordValue(ended - began)
            began = ended
        }
        return latencies to began
    }

    override fun close(): Unit = server.close()

    companion object {
        const val COMPLAINT: String = "! "
        private const val PRECISION = 3
        private const val NANOS_PER_SECOND = 1e9
        private const val NANOS_PER_MICRO = 1_000.0
        private const val BYTES_PER_GB = 1e9
    }
}
