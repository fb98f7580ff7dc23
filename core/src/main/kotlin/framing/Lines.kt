package io.hawser.framing

import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/**
 * Lines of UTF-8, without their ending, which is what a line of text is taken and sent with.
 *
 * Invalid UTF-8 is an [io.hawser.MalformedFrame]; that line is gone, and the next one can be received. A line that is sent contains no
 * line break and no half of a surrogate pair.
 *
 * @property maxLength the longest line in bytes, its ending not counted.
 * @property ending how lines end that are sent, and those that come.
 */
public class Lines @JvmOverloads constructor(
    public val maxLength: Int = DEFAULT_MAX_LENGTH,
    public val ending: Ending = Ending.LF,
) : FrameCodec<String> {
    /** How lines end. */
    public enum class Ending(internal val text: String) {
        /** Received lines end with `\n` or `\r\n`, sent ones with `\n`. */
        LF("\n"),

        /**
         * Lines end with `\r\n` and with nothing else: a bare `\n` or `\r` is an [io.hawser.MalformedFrame] for good, because peers that
         * differ on where a line ends can be played off against each other (RFC 5321, 2.3.8; RFC 9112, 2.2).
         */
        CRLF("\r\n"),
    }

    init {
        require(maxLength >= 0) { "maxLength < 0: $maxLength" }
    }

    override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): String? {
        val at = if (ending == Ending.LF) bytes.lineFeed(seen, peer) else bytes.pair(seen, peer)
        if (at < 0) return null
        val start = bytes.position()
        val length = if (at > 0 && bytes.get(start + at - 1) == CARRIAGE_RETURN) at - 1 else at
        val line = bytes.text(length)
        bytes.position(start + at + 1)
        // What is no UTF-8 leaves at least one of these.
        if (REPLACEMENT in line) bytes.requireUtf8(start, length, peer)
        return line
    }

    override fun encode(frame: String, peer: Endpoint): Array<ByteBuffer> {
        for (i in frame.indices) if (frame.isForbidden(i)) frame.refuse(i)
        val bytes = (frame + ending.text).toByteArray()
        val length = bytes.size - ending.text.length
        if (length > maxLength) throw FrameTooLarge.toSend(peer, maxLength, "a line of $length bytes")
        return arrayOf(ByteBuffer.wrap(bytes))
    }

    override fun expected(bytes: ByteBuffer): String = LINE

    override fun equals(other: Any?): Boolean = other is Lines && maxLength == other.maxLength && ending == other.ending

    override fun hashCode(): Int = maxLength * 31 + ending.hashCode()

    override fun toString(): String = "Lines($ending, up to $maxLength bytes)"

    /** Where the first line feed is, or -1. */
    private fun ByteBuffer.lineFeed(seen: Int, peer: Endpoint): Int {
        val start = position()
        var i = start + seen
        while (i < limit() && get(i) != LINE_FEED) i++
        val length = i - start
        // The byte at the limit may be the carriage return before the line feed.
        if (length > maxLength && (length - 1 > maxLength || get(start + maxLength) != CARRIAGE_RETURN)) tooLarge(peer)
        return if (i < limit()) length else -1
    }

    /** Where the line feed of the first carriage return and line feed is, or -1. */
    private fun ByteBuffer.pair(seen: Int, peer: Endpoint): Int {
        val start = position()
        // The last byte may have been a carriage return.
        var i = start + maxOf(seen - 1, 0)
        while (i < limit() && get(i) != LINE_FEED && get(i) != CARRIAGE_RETURN) i++
        if (i - start > maxLength) tooLarge(peer)
        if (i < limit() && get(i) == LINE_FEED) throw MalformedFrame(peer, "a line feed without a carriage return before it")
        if (i + 1 >= limit()) return -1
        if (get(i + 1) != LINE_FEED) throw MalformedFrame(peer, "a carriage return without a line feed behind it")
        return i + 1 - start
    }

    private fun tooLarge(peer: Endpoint): Nothing = throw FrameTooLarge(peer, maxLength, LINE)

    private fun ByteBuffer.text(length: Int): String {
        if (hasArray()) return String(array(), arrayOffset() + position(), length, Charsets.UTF_8)
        return String(ByteArray(length).also { get(position(), it) }, Charsets.UTF_8)
    }

    private fun ByteBuffer.requireUtf8(start: Int, length: Int, peer: Endpoint) {
        try {
            Charsets.UTF_8.newDecoder().decode(slice(start, length))
        } catch (e: CharacterCodingException) {
            throw MalformedFrame(peer, "a line that is not UTF-8", e)
        }
    }

    private fun String.isForbidden(i: Int): Boolean {
        val c = this[i]
        return when {
            c == '\n' -> true
            c == '\r' -> ending == Ending.CRLF || i == lastIndex
            c.isHighSurrogate() -> i == lastIndex || !this[i + 1].isLowSurrogate()
            c.isLowSurrogate() -> i == 0 || !this[i - 1].isHighSurrogate()
            else -> false
        }
    }

    private fun String.refuse(i: Int): Nothing = throw IllegalArgumentException("a line with ${this[i].escaped} at $i: ${quoted()}")

    private fun String.quoted(): String = (if (length > QUOTED) take(QUOTED) + "..." else this)
        .map { if (it.isISOControl() || it.isSurrogate()) it.escaped else it }.joinToString("", "\"", "\"")

    private val Char.escaped: String
        get() = when (this) {
            '\n' -> "\\n"
            '\r' -> "\\r"
            else -> "\\u%04x".format(code)
        }

    internal companion object {
        const val DEFAULT_MAX_LENGTH = 64 * 1024
        const val LINE_FEED: Byte = 10
        const val CARRIAGE_RETURN: Byte = 13
        const val REPLACEMENT = '\uFFFD'
        const val LINE = "a line"
        const val QUOTED = 100

        /** What a connection's own lines are. */
        val standard = Lines()
    }
}
