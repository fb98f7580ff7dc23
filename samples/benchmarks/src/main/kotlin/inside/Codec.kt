package io.hawser.benchmarks.inside

import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.framing.Delimiter
import io.hawser.framing.FrameCodec
import io.hawser.framing.LengthPrefix
import io.hawser.framing.Lines
import io.hawser.framing.framed
import java.nio.ByteBuffer
import org.openjdk.jmh.infra.Blackhole

/** The codecs that are measured, each with a frame of the same length. */
internal enum class Codec(val frames: Frames<*>) {
    LINES(Frames(Lines(), "x".repeat(FRAME))),
    LENGTH_PREFIX(Frames(LengthPrefix(), ByteArray(FRAME))),
    VARINT(Frames(LengthPrefix.varint(), ByteArray(FRAME))),
    DELIMITER(Frames(Delimiter("\r\n".toByteArray()), ByteArray(FRAME))),
}

private const val FRAME = 60

/** The same [frame] many times over, as [codec] says it. */
internal class Frames<T : Any>(private val codec: FrameCodec<T>, private val frame: T) {
    fun bytes(count: Int): ByteBuffer {
        val pieces = List(count) { codec.encode(frame, peer).asList() }.flatten()
        // Direct as the buffers that a connection reads through.
        val bytes = ByteBuffer.allocateDirect(pieces.sumOf(ByteBuffer::remaining))
        pieces.forEach(bytes::put)
        return bytes.flip()
    }

    fun decodeAll(bytes: ByteBuffer, sink: Blackhole) {
        while (bytes.hasRemaining()) sink.consume(codec.decode(bytes, 0, peer))
    }

    fun encode(count: Int, sink: Blackhole): Unit = repeat(count) { sink.consume(codec.encode(frame, peer)) }

    suspend fun receive(count: Int, connection: Connection) {
        val framed = connection.framed(codec)
        repeat(count) { checkNotNull(framed.receive()) }
    }

    private companion object {
        val peer = Endpoint.parse("tcp://localhost:8080")
    }
}
