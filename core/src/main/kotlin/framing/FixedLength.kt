package io.hawser.framing

import io.hawser.Endpoint
import java.nio.ByteBuffer

/** Frames of [length] bytes each, with nothing between them. */
public class FixedLength(public val length: Int) : FrameCodec<ByteArray> {
    init {
        require(length >= 1) { "length < 1: $length" }
    }

    override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): ByteArray? =
        if (bytes.remaining() < length) null else ByteArray(length).also { bytes.get(it) }

    /** @throws IllegalArgumentException if [frame] has another length. */
    override fun encode(frame: ByteArray, peer: Endpoint): Array<ByteBuffer> {
        require(frame.size == length) { "a frame of ${frame.size} bytes where all have $length" }
        return arrayOf(ByteBuffer.wrap(frame))
    }

    override fun expected(bytes: ByteBuffer): String = "a frame of $length bytes"

    override fun equals(other: Any?): Boolean = other is FixedLength && length == other.length

    override fun hashCode(): Int = length

    override fun toString(): String = "FixedLength($length bytes)"
}
