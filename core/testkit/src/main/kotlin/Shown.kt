package io.hawser.testkit

import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException

/** These bytes as a failure shows them: as quoted text where they are some, else in hexadecimal; of many of them the first. */
internal fun ByteArray.shown(): String {
    val first = copyOf(minOf(size, SHOWN))
    val text = try {
        Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(first)).toString().takeIf { it.all(::isReadable) }
    } catch (_: CharacterCodingException) {
        null
    }
    val shown = when {
        isEmpty() -> "nothing"
        text != null -> text.quoted()
        else -> first.joinToString(" ") { "%02x".format(it) }
    }
    return if (size > SHOWN) "$shown… ($size bytes)" else shown
}

/** This text in quotes, with its control characters as one writes them. */
internal fun String.quoted(): String = buildString {
    append('"')
    for (char in this@quoted) {
        when (char) {
            '\n' -> append("\\n")
            '\r' -> append("\\r")
            '\t' -> append("\\t")
            '"' -> append("\\\"")
            else -> append(char)
        }
    }
    append('"')
}

private fun isReadable(char: Char): Boolean = !char.isISOControl() || char in "\n\r\t"

private const val SHOWN = 100
