package io.hawser.samples.hub

import io.hawser.FrameTooLarge
import io.hawser.samples.connect.CHUNK
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/** The longest line in bytes, as long as a message may be. */
internal const val LONGEST_LINE = 1024 * 1024

private const val LINE_FEED = '\n'.code.toByte()

/**
 * Lines, each of which is data to send, of what [read] puts into a buffer until it returns false. [tell] is told of those that cannot be
 * sent, and the next one is. The last line needs no line end.
 */
internal class InputLines(private val read: suspend (ByteBuffer) -> Boolean, private val tell: (String) -> Unit) {
    private val line = ByteArrayOutputStream()
    private var isTooLong = false
    private var number = 0L
    private var lost = 0L

    /** Has [send] send all of them, and returns how many it could not. */
    suspend fun sendAll(send: suspend (Map<String, Any?>) -> Unit): Long {
        val chunk = ByteBuffer.allocate(CHUNK)
        while (read(chunk.clear())) {
            chunk.flip()
            while (chunk.hasRemaining()) if (takeFrom(chunk)) end(send)
        }
        if (line.size() > 0 || isTooLong) end(send)
        return lost
    }

    /** Takes what there is of a line; true if that is its end. */
    private fun takeFrom(chunk: ByteBuffer): Boolean {
        var end = chunk.position()
        while (end < chunk.limit() && chunk.get(end) != LINE_FEED) end++
        val size = end - chunk.position()
        // One byte more may be a carriage return.
        if (line.size() + size > LONGEST_LINE + 1) isTooLong = true
        if (!isTooLong) line.write(chunk.array(), chunk.position(), size)
        val isComplete = end < chunk.limit()
        chunk.position(if (isComplete) end + 1 else end)
        return isComplete
    }

    private suspend fun end(send: suspend (Map<String, Any?>) -> Unit) {
        number++
        val fault = try {
            send(dataOf(text()))
            null
        } catch (_: CharacterCodingException) {
            "it is not UTF-8"
        } catch (e: IllegalArgumentException) {
            e.message
        } catch (e: FrameTooLarge) {
            e.message
        }
        line.reset()
        isTooLong = false
        if (fault == null) return
        lost++
        tell("hawser: line $number is not sent: $fault")
    }

    private fun text(): String {
        val bytes = line.toByteArray()
        val length = if (bytes.lastOrNull() == '\r'.code.toByte()) bytes.size - 1 else bytes.size
        require(!isTooLong && length <= LONGEST_LINE) { "it has more than $LONGEST_LINE bytes" }
        return Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, 0, length)).toString()
    }
}
