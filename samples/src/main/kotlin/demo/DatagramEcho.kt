package io.hawser.samples.demo

import io.hawser.DatagramSocket
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.engine.EventLoopGroup
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.TimeSource
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * Over one socket of datagrams, of which some may get lost: each has the place in the file before its bytes, a few are on their way at a
 * time, and what does not come back in time is sent again.
 */
internal class DatagramEcho(override val endpoint: Endpoint) : Echo {
    private val client = Hawser.datagramClient(endpoint)

    override suspend fun stream(file: Path, sent: Fingerprint, received: AtomicLong): Duration =
        withContext(EventLoopGroup.shared.next()) {
            val start = TimeSource.Monotonic.markNow()
            val echo = client.open { socket -> FileChannel.open(file).use { Stream(socket, it, sent.size).run(received) } }
            if (echo != sent) throw EchoDiffers(endpoint, sent, echo)
            start.elapsedNow()
        }

    override suspend fun <R> talk(size: Int, block: suspend (Line) -> R): R = client.open { block(SocketLine(it)) }

    private class Stream(private val socket: DatagramSocket, private val file: FileChannel, private val size: Long) {
        private val fingerprint = Fingerprint.Builder()
        private val piece = ByteBuffer.allocateDirect(Long.SIZE_BYTES + PIECE)
        private val answer = ByteBuffer.allocate(Long.SIZE_BYTES + PIECE)
        private var next = 0L
        private var misses = 0

        /** Gives up on an echo that has been silent for long. */
        suspend fun run(received: AtomicLong): Fingerprint {
            while (fingerprint.size < size && misses < MOST_MISSES) {
                while (next < size && next - fingerprint.size < WINDOW * PIECE) send()
                receive()
                received.set(fingerprint.size)
            }
            return fingerprint.build()
        }

        private suspend fun send() {
            piece.clear().putLong(next).limit(Long.SIZE_BYTES + minOf(PIECE.toLong(), size - next).toInt())
            while (piece.hasRemaining()) {
                check(file.read(piece, next + piece.position() - Long.SIZE_BYTES) > 0) {
                    "the file has become shorter"
                }
            }
            next += piece.position() - Long.SIZE_BYTES
            socket.send(piece.flip())
        }

        private suspend fun receive() {
            val came = withTimeoutOrNull(PATIENCE) { socket.receive(answer.clear()) }
            // From the first that is missing on.
            if (came == null) next = fingerprint.size
            misses = if (came == null) misses + 1 else 0
            if (came != null && answer.flip().getLong() == fingerprint.size) fingerprint.add(answer)
        }
    }

    private class SocketLine(private val socket: DatagramSocket) : Line {
        override suspend fun send(ping: ByteBuffer) = socket.send(ping)

        override suspend fun receive(pong: ByteBuffer) {
            socket.receive(pong)
        }
    }

    private companion object {
        const val PIECE = 8 * 1024

        /** As many pieces as the default buffers of Linux hold in either direction. */
        const val WINDOW = 8
        val PATIENCE: Duration = 250.milliseconds
        const val MOST_MISSES = 40
    }
}
