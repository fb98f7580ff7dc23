package io.hawser.samples.demo

import java.math.BigDecimal
import java.math.MathContext

/**
 * [value] as JSON (RFC 8259): maps, lists, strings, numbers. What is not ASCII is escaped, so that the encoding of stdout does not
 * matter; a number with a fraction has six digits, which is more than measuring yields, and no exponent.
 */
internal fun json(value: Any): String = when (value) {
    is Map<*, *> -> value.entries.joinToString(",", "{", "}") { (key, inner) -> "${quoted("$key")}:${json(checkNotNull(inner))}" }
    is List<*> -> value.joinToString(",", "[", "]") { json(checkNotNull(it)) }
    is String -> quoted(value)
    is Int, is Long -> "$value"
    is Double -> significant(value, digits = 6)
    else -> throw IllegalArgumentException("no JSON for ${value.javaClass}")
}

/** [value] in decimal, rounded to so many [digits] that tell something. */
internal fun significant(value: Double, digits: Int): String = BigDecimal(value, MathContext(digits)).stripTrailingZeros().toPlainString()

private fun quoted(text: String): String = buildString {
    append('"')
    for (char in text) {
        when (char) {
            '"', '\\' -> append('\\').append(char)
            in ' '..'~' -> append(char)
            else -> append("\\u%04x".format(char.code))
        }
    }
    append('"')
}
