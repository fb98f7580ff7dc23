package io.hawser.samples.programs

import io.hawser.Connection
import io.hawser.Hawser
import io.hawser.framing.FrameCodec
import io.hawser.framing.LengthPrefix
import io.hawser.framing.framed
import java.nio.ByteBuffer
import kotlinx.coroutines.coroutineScope

/**
 * Requests and replies of a type of their own, each in a frame with its length before it, many on one connection.
 *
 * The codec is a value that both sides share; a peer that sends something else, or too much of it, is told from one that just ends.
 */
public suspend fun main(): Unit = coroutineScope {
    val server = Hawser.streamServer("tcp://127.0.0.1:0").start(this) { connection -> divide(connection) }
    server.use {
        Hawser.streamClient(server.endpoint).connect { connection ->
            val requests = connection.framed(divisions)
            val replies = connection.framed(answers)
            requests.sendAll(listOf(Division(84, 2), Division(1, 0), Division(-7, 2)))
            repeat(3) { println(replies.receive()) }
        }
    }
}

private suspend fun divide(connection: Connection) {
    val replies = connection.framed(answers)
    connection.framed(divisions).incoming.collect { (dividend, divisor) ->
        replies.send(if (divisor == 0) "division of $dividend by zero" else "$dividend : $divisor = ${dividend / divisor}")
    }
}

private data class Division(val dividend: Int, val divisor: Int)

private val divisions: FrameCodec<Division> = LengthPrefix(bytes = 2, maxLength = 2 * Int.SIZE_BYTES).map(
    { bytes -> ByteBuffer.wrap(bytes).run { Division(int, int) } },
    { (dividend, divisor) -> ByteBuffer.allocate(2 * Int.SIZE_BYTES).putInt(dividend).putInt(divisor).array() },
)

private val answers: FrameCodec<String> =
    LengthPrefix(bytes = 2, maxLength = 200).map(ByteArray::decodeToString, String::encodeToByteArray)
