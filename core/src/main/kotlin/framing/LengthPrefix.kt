package io.hawser.framing

import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Frames with their length in bytes before each of them, an unsigned number. */
public class LengthPrefix private constructor(
    private val prefix: Prefix,
    maxLength: Int,
    private val inclusive: Boolean,
) : FrameCodec<ByteArray> {
    /** The longest frame in bytes, its prefix not counted. An inclusive prefix cannot say as much as another of its size. */
    public val maxLength: Int

    init {
        require(maxLength >= 0) { "maxLength < 0: $maxLength" }
        require(maxLength <= prefix.max) { "a prefix of $prefix cannot say maxLength: $maxLength" }
        val largest = if (inclusive) prefix.max - prefix.sizeOf(prefix.max) else prefix.max
        this.maxLength = minOf(maxLength.toLong(), largest).toInt()
    }

    /** A prefix of 1, 2 or 4 [bytes] in that [order]; [inclusive] if the length it says is that of the prefix too. */
    @JvmOverloads
    public constructor(
        bytes: Int = 4,
        maxLength: Int = defaultMaxLength(bytes),
        order: ByteOrder = ByteOrder.BIG_ENDIAN,
        inclusive: Boolean = false,
    ) : this(fixed(bytes, order), maxLength, inclusive)

    override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): ByteArray? {
        val size = prefix.sizeIn(bytes) ?: return null
        prefix.flaw(bytes, size)?.let { throw MalformedFrame(peer, it) }
        val length = frameLength(bytes, size)
        if (length < 0) throw MalformedFrame(peer, "a length of ${length + size} bytes that includes its prefix of $size")
        if (length > maxLength) throw FrameTooLarge(peer, maxLength, "a frame of $length bytes")
        if (bytes.remaining() - size < length) return null
        val frame = ByteArray(length.toInt())
        bytes.position(bytes.position() + size).get(frame)
        return frame
    }

    override fun encode(frame: ByteArray, peer: Endpoint): Array<ByteBuffer> {
        if (frame.size > maxLength) throw FrameTooLarge.toSend(peer, maxLength, "a frame of ${frame.size} bytes")
        val number = if (inclusive) frame.size.toLong() + prefixSize(frame.size) else frame.size.toLong()
        val header = ByteBuffer.allocate(prefix.sizeOf(number))
        prefix.write(number, header)
        return arrayOf(header.flip(), ByteBuffer.wrap(frame))
    }

    override fun expected(bytes: ByteBuffer): String {
        val size = prefix.sizeIn(bytes) ?: return "a frame"
        return "a frame of $size + ${frameLength(bytes, size)} bytes"
    }

    override fun equals(other: Any?): Boolean =
        other is LengthPrefix && prefix == other.prefix && maxLength == other.maxLength && inclusive == other.inclusive

    override fun hashCode(): Int = (prefix.hashCode() * 31 + maxLength) * 31 + inclusive.hashCode()

    override fun toString(): String = "LengthPrefix($prefix, ${if (inclusive) "inclusive, " else ""}up to $maxLength bytes)"

    private fun frameLength(bytes: ByteBuffer, size: Int): Long = prefix.read(bytes, size) - if (inclusive) size else 0

    /** A prefix that counts itself may be longer for it. */
    private fun prefixSize(length: Int): Int {
        var size = 1
        while (prefix.sizeOf(length.toLong() + size) > size) size++
        return size
    }

    public companion object {
        private const val DEFAULT_MAX_LENGTH = 1024 * 1024

        /**
         * A prefix of 1 to 5 bytes: unsigned LEB128, as protocol buffers delimit messages. [inclusive] if the length it says is that of
         * the prefix too. A longer form of a number than it need be, or more than 32 bits, is an [io.hawser.MalformedFrame].
         */
        @JvmStatic
        @JvmOverloads
        public fun varint(maxLength: Int = DEFAULT_MAX_LENGTH, inclusive: Boolean = false): LengthPrefix =
            LengthPrefix(Prefix.Varint, maxLength, inclusive)

        private fun fixed(bytes: Int, order: ByteOrder): Prefix {
            require(bytes == 1 || bytes == 2 || bytes == 4) { "a prefix of 1, 2 or 4 bytes, not of $bytes" }
            // The order of a single byte makes no difference.
            return Prefix.Fixed(bytes, if (bytes == 1) ByteOrder.BIG_ENDIAN else order)
        }

        private fun defaultMaxLength(bytes: Int): Int = minOf(fixed(bytes, ByteOrder.BIG_ENDIAN).max, DEFAULT_MAX_LENGTH.toLong()).toInt()
    }
}
