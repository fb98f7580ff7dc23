@file:JvmName("SerializablePayloads")

package io.hawser.messaging

import io.hawser.KotlinOnly
import kotlinx.serialization.KSerializer
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.longOrNull

/**
 * Payloads of a type that kotlinx.serialization knows, with the names and the shape that [json] gives them:
 * `PayloadCodec.of(Step.serializer())`. For those who have `kotlinx-serialization-json` on the class path.
 *
 * What [json] has no type for has none here: a ByteArray becomes a list of numbers. To [encode][PayloadCodec.encode] fails with
 * [IllegalArgumentException] for what is no object, or has an integer over that of a Long, and with
 * [kotlinx.serialization.SerializationException] as [json] does; to decode fails with the latter.
 */
@KotlinOnly
public fun <T> PayloadCodec.Companion.of(serializer: KSerializer<T>, json: Json = Json): PayloadCodec<T> = object : PayloadCodec<T> {
    override fun encode(payload: T): Map<String, Any?> {
        val tree = json.encodeToJsonElement(serializer, payload)
        require(tree is JsonObject) { "data is an object, and of ${serializer.descriptor.serialName} there is none: $tree" }
        return tree.mapValues { plain(it.value) }
    }

    override fun decode(data: Map<String, Any?>): T = json.decodeFromJsonElement(serializer, tree(data))
}

private fun plain(element: JsonElement): Any? = when (element) {
    JsonNull -> null
    is JsonObject -> element.mapValues { plain(it.value) }
    is JsonArray -> element.map(::plain)
    is JsonPrimitive -> if (element.isString) element.content else element.booleanOrNull ?: number(element)
}

private fun number(element: JsonPrimitive): Any {
    element.longOrNull?.let { return it }
    val double = element.content.toDouble()
    require(element.content.any { !it.isDigit() && it != '-' }) { "no Long: ${element.content}" }
    return double
}

private fun tree(value: Any?): JsonElement = when (value) {
    null -> JsonNull
    is Boolean -> JsonPrimitive(value)
    is Number -> JsonPrimitive(value)
    is String -> JsonPrimitive(value)
    is ByteArray -> JsonArray(value.map { JsonPrimitive(it) })
    is List<*> -> JsonArray(value.map(::tree))
    is Map<*, *> -> JsonObject(value.entries.associate { (key, inner) -> key as String to tree(inner) })
    else -> throw IllegalArgumentException("${value.javaClass.name} is no data of a message")
}
