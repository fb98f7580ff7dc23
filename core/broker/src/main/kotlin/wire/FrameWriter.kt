package io.hawser.broker.wire

import io.hawser.broker.Role
import java.nio.ByteBuffer

/** Makes bytes of frames. */
internal object FrameWriter {
    private const val SMALL = 4 * 1024

    /** [frames] one behind the other: all that is small is together in one exact array, and large bodies are between its slices. */
    fun encode(frames: List<Frame>): Array<ByteBuffer> {
        val bytes = ByteBuffer.allocate(frames.sumOf { Frame.HEADER + it.prefix + if (it.isSmall) it.body.remaining() else 0 })
        val pieces = ArrayList<ByteBuffer>()
        var from = 0
        for (frame in frames) {
            bytes.putInt(frame.length).put(frame.type.number.toByte()).put(frame.flags.toByte()).putShort(0).putLong(frame.id)
            putPrefix(frame, bytes)
            val body = frame.body.duplicate()
            if (frame.isSmall) {
                bytes.put(body)
                continue
            }
            pieces += bytes.slice(from, bytes.position() - from)
            pieces += body
            from = bytes.position()
        }
        if (bytes.position() > from) pieces += bytes.slice(from, bytes.position() - from)
        return pieces.toTypedArray()
    }

    private val Frame.isSmall: Boolean get() = body.remaining() <= SMALL

    private fun putPrefix(frame: Frame, bytes: ByteBuffer) {
        when (frame) {
            is Frame.ClientHello -> {
                bytes.putInt(Frame.MAGIC).putShort(frame.lowest.toShort()).putShort(frame.highest.toShort())
                frame.headers.putInto(bytes)
            }

            is Frame.BrokerHello -> {
                bytes.putInt(Frame.MAGIC).putShort(frame.version.toShort()).putShort(0)
                bytes.putInt(frame.maxFrame).putInt(frame.maxHeaders).putInt(frame.window).putInt(frame.pingEveryMs)
                frame.headers.putInto(bytes)
            }

            is Frame.Register -> {
                bytes.putInt(if (frame.role == Role.PROVIDER) 1 else 2).putInt(frame.capacity)
                bytes.putLong(frame.channel.mostSignificantBits).putLong(frame.channel.leastSignificantBits).put(frame.token)
            }

            is Frame.Start -> {
                bytes.putInt(frame.handle.toInt()).putInt(frame.timeoutMs.toInt())
                frame.headers.putInto(bytes)
            }

            is Frame.Reply -> frame.headers.putInto(bytes)

            is Frame.Chunk -> Unit

            is Frame.End -> bytes.putLong(frame.total)

            is Frame.Registered -> putCode(frame.code, frame.text, bytes)

            is Frame.Error -> putCode(frame.code, frame.text, bytes)

            is Frame.GoAway -> putCode(frame.code, frame.text, bytes)

            is Frame.Cancel -> bytes.putInt(frame.code)

            is Frame.Credit -> bytes.putInt(frame.bytes)

            is Frame.Ping -> bytes.putLong(frame.content)

            is Frame.Pong -> bytes.putLong(frame.content)
        }
    }

    private fun putCode(code: Int, text: Text, bytes: ByteBuffer) {
        bytes.putInt(code)
        text.putInto(bytes)
    }
}
