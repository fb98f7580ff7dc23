package io.hawser.messaging.wire

private const val QUOTED = 64
private const val RENDERED = 400

/** In quotes, and not much of it; nothing in it can be mistaken for anything else in a log. */
internal fun String.quoted(): String = buildString { appendQuoted(this@quoted) }

private fun StringBuilder.appendQuoted(text: String) {
    append('"')
    for (i in text.cut(QUOTED).indices) {
        val c = text[i]
        when {
            c == '"' || c == '\\' -> append('\\').append(c)

            c == '\n' -> append("\\n")

            // What turns the direction of text around, or ends lines, is not for logs either.
            c.isISOControl() || c in '\u2028'..'\u202e' || c in '\u2066'..'\u2069' || text.hasHalfAt(i) -> append("\\u%04x".format(c.code))

            else -> append(c)
        }
    }
    if (text.length > QUOTED) append("...")
    append('"')
}

/** Whether there is half of a surrogate pair without the other at [i]. */
internal fun String.hasHalfAt(i: Int): Boolean = when {
    this[i].isHighSurrogate() -> i == lastIndex || !this[i + 1].isLowSurrogate()
    this[i].isLowSurrogate() -> i == 0 || !this[i - 1].isHighSurrogate()
    else -> false
}

/** [value] for people, cut short. */
internal fun render(value: Any?): String {
    val text = buildString { appendValue(value) }
    return if (text.length > RENDERED) text.cut(RENDERED) + "..." else text
}

/** Not more than [length] of it, and no half of a surrogate pair at the end. */
private fun String.cut(length: Int): String = take(if (this.length > length && this[length - 1].isHighSurrogate()) length - 1 else length)

private fun StringBuilder.appendValue(value: Any?) {
    // The rest would be cut off.
    if (length > RENDERED) return
    when (value) {
        is String -> appendQuoted(value)

        is ByteArray -> append(value.size).append(" bytes")

        is FrozenList -> appendAll(value.raw.asIterable(), "[", "]") { appendValue(it) }

        is FrozenMap -> appendAll(value.raw.entries, "{", "}") { (key, one) ->
            if (key.isPlain) append(key) else appendQuoted(key)
            append('=')
            appendValue(one)
        }

        else -> append(value)
    }
}

private inline fun <T> StringBuilder.appendAll(all: Iterable<T>, open: String, close: String, appendOne: (T) -> Unit) {
    append(open)
    var isFirst = true
    for (one in all) {
        if (length > RENDERED) break
        if (!isFirst) append(", ")
        isFirst = false
        appendOne(one)
    }
    append(close)
}

/** Whether it can stand for itself where a key is told. */
internal val String.isPlain: Boolean
    get() = length in 1..QUOTED && all { it.isPlain }

/** Whether it means nothing to anybody, in a path, a URL or a log. */
internal val Char.isPlain: Boolean get() = this in 'a'..'z' || this in 'A'..'Z' || this in '0'..'9' || this == '_' || this == '-'

/** What [this] is, as failures name it. */
internal val Any?.kind: String
    get() = when (this) {
        null -> "nil"
        is Boolean -> "a boolean"
        is Long -> "an integer"
        is Double -> "a float"
        is String -> "a string"
        is ByteArray -> "binary"
        is FrozenList -> "an array"
        else -> "a map"
    }
