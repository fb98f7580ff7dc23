package io.hawser.samples.demo

import io.hawser.Endpoint
import io.hawser.engine.EventLoopGroup
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

private const val PING = 64
private const val WARM_UP = 2_000
private const val MEASURED = 20_000

/** A slow machine measures fewer. */
private val LIMIT = 5.seconds

internal const val MOST_ROUND_TRIPS: Long = (WARM_UP + MEASURED).toLong()

/** How long each of some round trips took, one after the other. At least one. */
internal class RoundTrips(nanos: LongArray) {
    private val sorted = nanos.sortedArray().also { require(it.isNotEmpty()) { "no round trips" } }

    val count: Int get() = sorted.size

    val perSecond: Double = count * 1e9 / maxOf(1, sorted.sum())

    /** The time within which [percent] of them were done: the smallest that is long enough for that many. */
    fun percentile(percent: Int): Duration {
        require(percent in 1..100) { "percent is not in 1..100: $percent" }
        return sorted[(count.toLong() * percent + 99).toInt() / 100 - 1].nanoseconds
    }
}

/**
 * Plays ping-pong with [echo], on an event loop, where an answer reaches who waits for it without a change of thread. Counts in [made]; the
 * first ones only warm the JVM up.
 *
 * @throws PongDiffers if something else comes back.
 */
internal suspend fun measureRoundTrips(echo: Echo, made: AtomicLong): RoundTrips = withContext(EventLoopGroup.shared.next()) {
    echo.talk(PING) { line ->
        // A datagram may get lost, and then nobody answers.
        withTimeoutOrNull(LIMIT * 6) {
            val game = PingPong(line, echo.endpoint)
            game.play(WARM_UP, made)
            RoundTrips(game.play(MEASURED, made))
        } ?: throw PongDiffers(echo.endpoint, made.toInt(), "nothing came back within ${LIMIT * 6}")
    }
}

private class PingPong(private val line: Line, private val endpoint: Endpoint) {
    private val ping = ByteBuffer.allocateDirect(PING)
    private val pong = ByteBuffer.allocateDirect(PING)
    private var round = 0

    /** The nanoseconds of each of [most] round trips, or of those that fit into the limit. */
    suspend fun play(most: Int, made: AtomicLong): LongArray {
        val nanos = LongArray(most)
        val start = TimeSource.Monotonic.markNow()
        var done = 0
        while (done < most && (done == 0 || start.elapsedNow() < LIMIT)) {
            nanos[done++] = once()
            made.incrementAndGet()
        }
        return nanos.copyOf(done)
    }

    private suspend fun once(): Long {
        // Every ping is another one, so that an old pong would show.
        ping.clear()
        for (i in 0 until PING) ping.put(i, (round + i).toByte())
        pong.clear()
        val start = System.nanoTime()
        line.send(ping)
        line.receive(pong)
        val nanos = System.nanoTime() - start
        if (pong.hasRemaining()) throw PongDiffers(endpoint, round, "${pong.position()} bytes of $PING came back")
        val wrong = ping.flip().mismatch(pong.flip())
        if (wrong >= 0) throw PongDiffers(endpoint, round, "byte $wrong is ${pong.get(wrong)} and not ${ping.get(wrong)}")
        round++
        return nanos
    }
}
