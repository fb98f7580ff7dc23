package io.hawser.samples.connect

import io.hawser.DatagramClientOptions
import io.hawser.DatagramSocket
import io.hawser.Hawser
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/** The most bytes that a datagram of UDP can have. */
private const val LARGEST = 65_535

/** What is on its way at the end of the input has this long to come. */
private val PATIENCE: Duration = 3.seconds

/**
 * Sends [input] as datagrams, by lines or by blocks, and writes those that come to [output], until the input has ended and nothing more
 * comes.
 *
 * @throws io.hawser.SocketFailure
 * @throws io.hawser.samples.cli.OutputLost if [output] does not take what came.
 * @throws InputLost if [input] cannot be read.
 */
internal suspend fun exchangeDatagrams(arguments: ConnectArguments, input: StandardInput, output: StandardOutput) {
    val options = DatagramClientOptions { openTimeout = arguments.connectTimeout.value }
    Hawser.datagramClient(arguments.endpoint.endpoint, options).open { socket ->
        val arrivals = Channel<Unit>(Channel.CONFLATED)
        val receiving = launch {
            while (true) {
                val datagram = socket.receive()
                output.write(ByteBuffer.wrap(if (arguments.block == null) datagram.bytes + '\n'.code.toByte() else datagram.bytes))
                arrivals.trySend(Unit)
            }
        }
        Datagrams(socket, arguments.block?.value).sendAll(input)
        do {
            val more = withTimeoutOrNull(PATIENCE) { arrivals.receive() }
        } while (more != null)
        receiving.cancelAndJoin()
    }
}

/** Cuts a stream of bytes into datagrams: blocks of [size], or lines if that is null. A last line needs no line end. */
private class Datagrams(private val socket: DatagramSocket, private val size: Int?) {
    private val next = ByteBuffer.allocate(size ?: LARGEST)

    suspend fun sendAll(input: StandardInput) {
        val read = ByteBuffer.allocate(LARGEST)
        while (input.read(read.clear())) {
            read.flip()
            while (read.hasRemaining()) add(read.get())
        }
        if (next.position() > 0) send()
    }

    private suspend fun add(byte: Byte) {
        val endsLine = size == null && byte == '\n'.code.toByte()
        if (!endsLine) next.put(byte)
        if (endsLine || !next.hasRemaining()) send()
    }

    private suspend fun send() {
        socket.send(next.flip())
        next.clear()
    }
}
