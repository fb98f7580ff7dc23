package io.hawser.samples.connect

import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer
import kotlin.concurrent.thread
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.trySendBlocking

/**
 * A stream that blocks, such as standard input, read on a thread of its own: nothing can interrupt the read of a pipe or a terminal, so
 * whoever has had enough leaves it behind.
 */
internal class Input(private val stream: InputStream, val isTerminal: Boolean) : AutoCloseable {
    private val chunks = Channel<ByteBuffer>(Channel.RENDEZVOUS)

    init {
        thread(isDaemon = true, name = "hawser-input") { read() }
    }

    /**
     * What comes next, to be used before the call after this one, or null at the end.
     *
     * @throws InputLost
     */
    suspend fun next(): ByteBuffer? {
        val next = chunks.receiveCatching()
        return next.getOrNull() ?: next.exceptionOrNull()?.let { throw it }
    }

    override fun close() = chunks.cancel()

    private fun read() {
        // Whoever takes one has finished with the other.
        val buffers = List(2) { ByteArray(CHUNK) }
        var turn = 0
        try {
            while (true) {
                val buffer = buffers[turn++ % 2]
                val count = stream.read(buffer)
                if (count < 0) break
                if (chunks.trySendBlocking(ByteBuffer.wrap(buffer, 0, count)).isFailure) return
            }
            chunks.close()
        } catch (e: IOException) {
            chunks.close(InputLost(e))
        }
    }

    private companion object {
        const val CHUNK = 64 * 1024
    }
}
