package io.hawser.samples.demo

import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.StreamClient
import io.hawser.engine.EventLoopGroup
import java.nio.ByteBuffer
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.TimeSource
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

/** Over one connection. */
internal class StreamEcho(
    override val endpoint: Endpoint,
    private val client: StreamClient = Hawser.streamClient(endpoint),
) : Echo {
    override suspend fun stream(file: Path, sent: Fingerprint, received: AtomicLong): Duration =
        withContext(EventLoopGroup.shared.next()) {
            val fingerprint = Fingerprint.Builder()
            val buffer = ByteBuffer.allocate(CHUNK)
            val start = TimeSource.Monotonic.markNow()
            client.connect { connection ->
                launch {
                    connection.sendFile(file, count = sent.size)
                    connection.shutdownOutput()
                }
                while (connection.read(buffer.clear()) >= 0) {
                    fingerprint.add(buffer.flip())
                    received.set(fingerprint.size)
                }
            }
            val duration = start.elapsedNow()
            val echo = fingerprint.build()
            if (echo != sent) throw EchoDiffers(endpoint, sent, echo)
            duration
        }

    override suspend fun <R> talk(size: Int, block: suspend (Line) -> R): R = client.connect { block(ConnectionLine(it)) }

    private class ConnectionLine(private val connection: Connection) : Line {
        override suspend fun send(ping: ByteBuffer) = connection.write(ping)

        override suspend fun receive(pong: ByteBuffer) {
            while (pong.hasRemaining()) if (connection.read(pong) < 0) return
        }
    }
}
