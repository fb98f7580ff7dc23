package io.hawser.testkit

import io.hawser.DatagramSocket
import io.hawser.SocketFailure
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.withTimeoutOrNull

/** As [shouldReceive] with bytes, of [expected] as UTF-8. */
public suspend infix fun DatagramSocket.shouldReceive(expected: String): Unit = shouldReceive(expected.encodeToByteArray(), PATIENCE)

/** As [shouldReceive], within 5 s. */
public suspend infix fun DatagramSocket.shouldReceive(expected: ByteArray): Unit = shouldReceive(expected, PATIENCE)

/** As [shouldReceive] with bytes, of [expected] as UTF-8. */
public suspend fun DatagramSocket.shouldReceive(expected: String, within: Duration): Unit =
    shouldReceive(expected.encodeToByteArray(), within)

/**
 * Receives a datagram, and returns when it is [expected], whole.
 *
 * @throws AssertionError if it is another, if receiving fails, or after [within]; it shows what came.
 */
public suspend fun DatagramSocket.shouldReceive(expected: ByteArray, within: Duration) {
    val should = "$this should receive ${expected.shown()}"
    try {
        val datagram = withTimeoutOrNull(within) { receive() } ?: throw AssertionError("$should, and within $within received nothing")
        if (datagram.isCut) throw AssertionError("$should, and received a datagram that was cut: ${datagram.bytes.shown()}")
        if (!datagram.bytes.contentEquals(expected)) throw AssertionError("$should, and received ${datagram.bytes.shown()}")
    } catch (e: SocketFailure) {
        throw AssertionError("$should, and failed: ${e.message}", e)
    }
}

/**
 * Returns when nothing has come for the time [during].
 *
 * @throws AssertionError showing what came.
 */
public suspend fun DatagramSocket.shouldReceiveNothing(during: Duration = 100.milliseconds) {
    val should = "$this should receive nothing"
    try {
        val datagram = withTimeoutOrNull(during) { receive() } ?: return
        throw AssertionError("$should, and received ${datagram.bytes.shown()}")
    } catch (e: SocketFailure) {
        throw AssertionError("$should, and failed: ${e.message}", e)
    }
}
