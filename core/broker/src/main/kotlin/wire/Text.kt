package io.hawser.broker.wire

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/** What a frame says in words: UTF-8, at most [LIMIT] bytes. */
internal class Text private constructor(private val bytes: ByteArray) {
    val size: Int get() = bytes.size

    fun putInto(target: ByteBuffer) {
        target.put(bytes)
    }

    override fun toString(): String = bytes.decodeToString()

    companion object {
        const val LIMIT = 1024
        private const val CONTINUATION_MASK = 0xc0
        private const val CONTINUATION = 0x80

        /** As much of [words] as there is room for. */
        fun of(words: String): Text {
            val bytes = words.encodeToByteArray()
            if (bytes.size <= LIMIT) return Text(bytes)
            var end = LIMIT
            while (bytes[end].toInt() and CONTINUATION_MASK == CONTINUATION) end--
            return Text(bytes.copyOf(end))
        }

        /** The rest of [payload], or null if that is no UTF-8. */
        fun read(payload: ByteBuffer): Text? {
            val bytes = ByteArray(payload.remaining())
            payload.get(bytes)
            return if (ByteBuffer.wrap(bytes).utf8() == null) null else Text(bytes)
        }
    }
}

/** What these bytes, which stay where they are, say in UTF-8; null if they are anything else. */
internal fun ByteBuffer.utf8(): String? = try {
    Charsets.UTF_8.newDecoder().decode(duplicate()).toString()
} catch (_: CharacterCodingException) {
    null
}
