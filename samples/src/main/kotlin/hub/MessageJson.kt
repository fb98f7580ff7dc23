package io.hawser.samples.hub

import io.hawser.messaging.Message
import io.hawser.samples.cli.Console
import java.util.Base64
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put

/** As deep as a message may be; the parser needs stack for each level. */
private const val DEEPEST = 64

private const val QUOTED = 40

private val words = setOf("true", "false", "null")

private val number = Regex("""-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?""")

/**
 * The data that a line says: that of an object in JSON, or else the line itself as `text`.
 *
 * @throws IllegalArgumentException for an object that has what no message can say.
 */
internal fun dataOf(line: String): Map<String, Any?> = objectIn(line)?.let(::fields) ?: mapOf("text" to line)

/** This message as one line of JSON, with the keys that it has on the wire, behind that of [client] if it is from one. */
internal fun Message.toJson(client: String? = null): String = buildJsonObject {
    client?.let { put("client", it) }
    put("event_name", eventName)
    put("timestamp_ms", timestampMs)
    put("timestamp_iso", timestampIso)
    put("message_type", type.word)
    put("data", element(data))
}.toString().replace(Console.unprintable) { "\\u%04x".format(it.value.single().code) }

private fun objectIn(line: String): JsonObject? {
    if (!line.trimStart().startsWith('{')) return null
    if (depthOf(line) > DEEPEST) {
        require(!line.trimEnd().endsWith('}')) { "more than $DEEPEST lists and maps inside each other" }
        return null
    }
    return try {
        (Json.parseToJsonElement(line) as? JsonObject)?.takeIf { it.hasOnlyLiterals() }
    } catch (_: SerializationException) {
        null
    }
}

/** How many brackets are open at once, those in strings not counted. */
internal fun depthOf(line: String): Int {
    var depth = 0
    var deepest = 0
    var isInString = false
    var i = 0
    while (i < line.length) {
        val char = line[i++]
        when {
            char == '"' -> isInString = !isInString
            isInString -> if (char == '\\') i++
            char in "{[" -> deepest = maxOf(deepest, ++depth)
            char in "}]" -> depth--
        }
    }
    return deepest
}

/** The parser lets words without quotes pass. */
private fun JsonElement.hasOnlyLiterals(): Boolean = when (this) {
    is JsonPrimitive -> isString || content in words || number.matches(content)
    is JsonArray -> all { it.hasOnlyLiterals() }
    is JsonObject -> values.all { it.hasOnlyLiterals() }
}

private fun fields(json: JsonObject): Map<String, Any?> = json.mapValues { value(it.value) }

private fun value(json: JsonElement): Any? = when (json) {
    is JsonNull -> null
    is JsonPrimitive -> if (json.isString) json.content else literal(json.content)
    is JsonArray -> json.map(::value)
    is JsonObject -> fields(json)
}

private fun literal(text: String): Any = when {
    text == "true" -> true
    text == "false" -> false
    text.any { it in ".eE" } -> text.toDouble().also { require(it.isFinite()) { "too large for 64 bits: ${text.take(QUOTED)}" } }
    else -> requireNotNull(text.toLongOrNull()) { "more than 64 bits: ${text.take(QUOTED)}" }
}

private fun element(value: Any?): JsonElement = when (value) {
    null -> JsonNull
    is Boolean -> JsonPrimitive(value)
    is Double -> if (value.isFinite()) JsonPrimitive(value) else JsonPrimitive("$value")
    is Number -> JsonPrimitive(value)
    is ByteArray -> JsonPrimitive(Base64.getEncoder().encodeToString(value))
    is List<*> -> JsonArray(value.map(::element))
    is Map<*, *> -> JsonObject(value.entries.associate { (key, inner) -> "$key" to element(inner) })
    else -> JsonPrimitive("$value")
}
