package io.hawser.testkit

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ReadTimeout
import io.hawser.SocketFailure
import io.hawser.UnexpectedEnd
import java.nio.ByteBuffer
import kotlin.reflect.KClass
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.withTimeoutOrNull

/** As [shouldReceive] with bytes, of [expected] as UTF-8. */
public suspend infix fun Connection.shouldReceive(expected: String): Unit = shouldReceive(expected.encodeToByteArray(), PATIENCE)

/** As [shouldReceive], within 5 s. */
public suspend infix fun Connection.shouldReceive(expected: ByteArray): Unit = shouldReceive(expected, PATIENCE)

/** As [shouldReceive] with bytes, of [expected] as UTF-8. */
public suspend fun Connection.shouldReceive(expected: String, within: Duration): Unit = shouldReceive(expected.encodeToByteArray(), within)

/**
 * Reads as many bytes as [expected] has, and returns when they have come and are the same. What comes behind them stays unread. A read
 * timeout of the connection's own is no failure; the time that counts is [within].
 *
 * One coroutine reads at a time: whoever else does so meanwhile gets an [IllegalStateException], as everywhere.
 *
 * @throws AssertionError at the first byte that differs, at an end or a failure of the connection, or after [within]; it shows what came.
 * @throws IllegalStateException if somebody else is reading.
 */
public suspend fun Connection.shouldReceive(expected: ByteArray, within: Duration) {
    val received = ByteBuffer.allocate(expected.size)
    fun fail(how: String, cause: Throwable? = null): Nothing =
        throw AssertionError("$endpoint should send ${expected.shown()}, and $how ${received.sofar().shown()}", cause)

    try {
        withTimeoutOrNull(within) {
            while (received.hasRemaining()) {
                if (patiently { read(received) } < 0) fail("ended after")
                val difference = received.sofar().indices.firstOrNull { received[it] != expected[it] }
                if (difference != null) fail("at byte $difference is different:")
            }
        } ?: fail("within $within sent")
    } catch (e: SocketFailure) {
        fail("failed (${e.message}) after", e)
    }
}

/** As [shouldReceiveLine], within 5 s. */
public suspend infix fun Connection.shouldReceiveLine(expected: String): Unit = shouldReceiveLine(expected, PATIENCE)

/**
 * Reads a line, and returns when it is [expected]. A read timeout of the connection's own, and others who read, are as with
 * [shouldReceive].
 *
 * @throws AssertionError if it is another, at an end or a failure of the connection, or after [within]; it shows what came.
 * @throws IllegalStateException if somebody else is reading.
 */
public suspend fun Connection.shouldReceiveLine(expected: String, within: Duration) {
    val should = "$endpoint should send the line ${expected.quoted()}"
    try {
        var line: String? = null
        withTimeoutOrNull(within) {
            line = patiently { readLine() }
            true
        } ?: throw AssertionError("$should, and within $within sent ${arrived().shown()}")
        val received = line ?: throw AssertionError("$should, and ended")
        if (received != expected) throw AssertionError("$should, and sent ${received.quoted()}")
    } catch (e: UnexpectedEnd) {
        throw AssertionError("$should, and ended within a line: ${arrived().shown()}", e)
    } catch (e: SocketFailure) {
        throw AssertionError("$should, and failed: ${e.message}", e)
    }
}

/**
 * Returns when nothing has come for the time [during], no end either. A connection that is closed on this side fails too. A read timeout of
 * the connection's own, and others who read, are as with [shouldReceive].
 *
 * @throws AssertionError showing what came.
 * @throws IllegalStateException if somebody else is reading.
 */
public suspend fun Connection.shouldReceiveNothing(during: Duration = SILENCE) {
    val should = "$endpoint should send nothing"
    try {
        withTimeoutOrNull(during) { patiently { awaitReadable() } } ?: return
        val bytes = arrived()
        throw AssertionError(if (bytes.isEmpty()) "$should, and ended" else "$should, and sent ${bytes.shown()}")
    } catch (e: SocketFailure) {
        throw AssertionError("$should, and failed: ${e.message}", e)
    }
}

/** As [shouldBeClosedBy], within 5 s. */
public suspend infix fun Connection.shouldBeClosedBy(expected: CloseReason): Unit = shouldBeClosedBy(expected, PATIENCE)

/**
 * Returns when the connection has come to its end, and because of [expected]: [CloseReason.Peer] when the peer has ended its direction,
 * [CloseReason.Reset] when it has reset the connection, [CloseReason.Local] when this side has closed it. It closes nothing.
 *
 * It reads. While somebody else does, it leaves what comes to him and waits until he has come to the end or stops; who begins to read after
 * it gets an [IllegalStateException]. A read timeout of the connection's own is no end.
 *
 * @throws AssertionError for another reason, if something comes before the end, or after [within].
 */
public suspend fun Connection.shouldBeClosedBy(expected: CloseReason, within: Duration) {
    val reason = end("be $expected", within)
    if (reason != expected) throw AssertionError("the connection to $endpoint should be $expected, and was: $reason")
}

/** As [shouldBeClosedBy], for a reason that has a cause: `connection.shouldBeClosedBy<CloseReason.Timeout>()`, which it returns. */
public suspend inline fun <reified R : CloseReason> Connection.shouldBeClosedBy(within: Duration = PATIENCE): R =
    shouldBeClosedBy(R::class, within)

@PublishedApi
internal suspend fun <R : CloseReason> Connection.shouldBeClosedBy(type: KClass<R>, within: Duration): R {
    val reason = end("end by a ${type.simpleName}", within)
    @Suppress("UNCHECKED_CAST")
    return if (type.isInstance(
            reason,
        )
    ) {
        reason as R
    } else {
        throw AssertionError("the connection to $endpoint should end by a ${type.simpleName}, and was: $reason")
    }
}

private suspend fun Connection.end(should: String, within: Duration): CloseReason {
    var reason: CloseReason? = null
    withTimeoutOrNull(within) { reason = awaitEnd(should) }
    return reason ?: throw AssertionError("the connection to $endpoint should $should, and after $within is open")
}

private suspend fun Connection.awaitEnd(should: String): CloseReason {
    while (true) {
        closeReason?.let { return it }
        try {
            val buffer = ByteBuffer.allocate(PIECE)
            if (patiently { read(buffer) } < 0) return CloseReason.Peer
            throw AssertionError("the connection to $endpoint should $should, and sent ${buffer.sofar().shown()}")
        } catch (e: ConnectionClosed) {
            return closeReason ?: throw e
        } catch (e: SocketFailure) {
            return closeReason ?: CloseReason.Failure(e)
        } catch (e: CancellationException) {
            throw e
        } catch (_: IllegalStateException) {
            // Somebody else reads. What he comes to without a close he alone is told, and we by our next read.
            withTimeoutOrNull(LOOK_AGAIN) { awaitClosed() }
        }
    }
}

/** What [read] returns, however often the connection's own timeout ends it. */
private suspend fun <T> patiently(read: suspend () -> T): T {
    while (true) {
        try {
            return read()
        } catch (_: ReadTimeout) {
            // Who expects something says how long he waits for it.
        }
    }
}

/** What has come and nobody has read: empty at the end. */
private suspend fun Connection.arrived(): ByteArray {
    val buffer = ByteBuffer.allocate(PIECE)
    withTimeoutOrNull(SILENCE) { patiently { read(buffer) } }
    return buffer.sofar()
}

private fun ByteBuffer.sofar(): ByteArray = array().copyOf(position())

@PublishedApi
internal val PATIENCE: Duration = 5.seconds
private val SILENCE = 100.milliseconds
private val LOOK_AGAIN = 10.milliseconds
private const val PIECE = 1024
