package io.hawser.broker

import io.hawser.engine.disk
import io.hawser.transport.TransportApi
import java.io.InputStream
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption.READ
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel.Factory.RENDEZVOUS
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.runInterruptible
import kotlinx.coroutines.withContext

/**
 * What is to be sent: bytes, a file, or what comes of a flow or a stream, of any length. Nothing is read of it before it is sent.
 *
 * @property isRepeatable whether it can be sent more than once, because it is the same each time.
 */
@OptIn(TransportApi::class)
public class Body private constructor(
    /** All of it, or null if it comes in [pieces]. */
    internal val bytes: ByteBuffer?,
    internal val pieces: Flow<ByteArray>,
    public val isRepeatable: Boolean,
    private val shown: String,
    private val look: suspend () -> Unit = {},
) {
    /** Fails as sending it would, if that can be known before. */
    internal suspend fun ensureThere() = look()

    override fun toString(): String = shown

    public companion object {
        private const val PIECE = 64 * 1024

        /** Pieces of a file that wait for credit: enough for the disk to be no brake, and little for thousands of requests. */
        private const val AHEAD = 1
        private val nothing = flow<ByteArray> {}

        /** [bytes], which must not change any more. Repeatable. */
        @JvmStatic
        public fun of(bytes: ByteArray): Body = Body(ByteBuffer.wrap(bytes), nothing, isRepeatable = true, "${bytes.size} bytes")

        /**
         * What is in [file] when it is sent; it is read on threads of its own. Repeatable. If it is no regular file, or cannot be read, to
         * send it fails with a [java.nio.file.FileSystemException] before anything is sent.
         */
        @JvmStatic
        public fun of(file: Path): Body = Body(null, read(file), isRepeatable = true, "$file") { withContext(disk) { open(file).close() } }

        /** What [pieces] emits, which must not change any more. It is collected once, in the context of who sends it. */
        @JvmStatic
        public fun of(pieces: Flow<ByteArray>): Body = Body(null, pieces, isRepeatable = false, "a flow")

        /** What [pieces] emits: the same whenever it is collected, which happens once for each attempt. */
        @JvmStatic
        public fun repeatable(pieces: Flow<ByteArray>): Body = Body(null, pieces, isRepeatable = true, "a repeatable flow")

        /**
         * What comes of [stream], as it comes; it is read by whoever sends it, on a thread where that may wait, and interrupted if nobody
         * wants it any more. It is not closed.
         */
        @JvmStatic
        public fun of(stream: InputStream): Body = Body(null, read(stream), isRepeatable = false, "a stream")

        private fun read(stream: InputStream): Flow<ByteArray> = flow {
            val piece = ByteArray(PIECE)
            while (true) {
                val count = runInterruptible { stream.read(piece) }
                if (count < 0) break
                emit(piece.copyOf(count))
            }
        }.buffer(RENDEZVOUS).flowOn(Dispatchers.IO)

        private fun read(file: Path): Flow<ByteArray> = flow {
            open(file).use { channel ->
                while (true) {
                    val piece = ByteBuffer.allocate(PIECE)
                    if (channel.read(piece) < 0) break
                    emit(if (piece.hasRemaining()) piece.array().copyOf(piece.position()) else piece.array())
                }
            }
        }.buffer(AHEAD).flowOn(disk)

        private fun open(file: Path): FileChannel {
            // Opening a named pipe would wait for its writer, and a folder only fails when it is read.
            if (Files.exists(file) && !Files.isRegularFile(file)) throw FileSystemException("$file", null, "not a regular file")
            return FileChannel.open(file, READ)
        }
    }
}
