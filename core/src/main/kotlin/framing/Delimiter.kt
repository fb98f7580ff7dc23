package io.hawser.framing

import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import java.nio.ByteBuffer
import java.util.HexFormat

/**
 * Frames with [delimiter] behind each of them, which the frames themselves do not contain.
 *
 * @property maxLength the longest frame in bytes, its delimiter not counted.
 */
public class Delimiter @JvmOverloads constructor(
    delimiter: ByteArray,
    public val maxLength: Int = DEFAULT_MAX_LENGTH,
) : FrameCodec<ByteArray> {
    private val delimiter = delimiter.copyOf()

    init {
        require(delimiter.isNotEmpty()) { "an empty delimiter" }
        require(maxLength >= 0) { "maxLength < 0: $maxLength" }
    }

    override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): ByteArray? {
        val start = bytes.position()
        val last = bytes.remaining() - delimiter.size
        // The bytes seen may end with a part of the delimiter.
        var length = maxOf(seen - delimiter.size + 1, 0)
        while (length <= last && !bytes.isDelimiter(start + length)) length++
        if (length > maxLength) throw FrameTooLarge(peer, maxLength, "a frame")
        if (length > last) return null
        val frame = ByteArray(length)
        bytes.get(frame).position(start + length + delimiter.size)
        return frame
    }

    /** @throws IllegalArgumentException if the delimiter would be found in [frame], or where it begins and the delimiter goes on. */
    override fun encode(frame: ByteArray, peer: Endpoint): Array<ByteBuffer> {
        if (frame.size > maxLength) throw FrameTooLarge.toSend(peer, maxLength, "a frame of ${frame.size} bytes")
        for (i in frame.indices) require(!frame.isCutAt(i)) { "the delimiter ${hex()} would end a frame of ${frame.size} bytes at $i" }
        return arrayOf(ByteBuffer.wrap(frame), ByteBuffer.wrap(delimiter).asReadOnlyBuffer())
    }

    override fun equals(other: Any?): Boolean =
        other is Delimiter && maxLength == other.maxLength && delimiter.contentEquals(other.delimiter)

    override fun hashCode(): Int = delimiter.contentHashCode() * 31 + maxLength

    override fun toString(): String = "Delimiter(${hex()}, up to $maxLength bytes)"

    private fun hex(): String = HexFormat.of().formatHex(delimiter)

    private fun ByteBuffer.isDelimiter(from: Int): Boolean {
        for (i in delimiter.indices) if (get(from + i) != delimiter[i]) return false
        return true
    }

    private fun ByteArray.isCutAt(from: Int): Boolean {
        for (i in delimiter.indices) {
            val at = from + i
            if ((if (at < size) this[at] else delimiter[at - size]) != delimiter[i]) return false
        }
        return true
    }

    private companion object {
        const val DEFAULT_MAX_LENGTH = 64 * 1024
    }
}
