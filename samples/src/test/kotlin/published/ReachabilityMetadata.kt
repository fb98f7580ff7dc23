package io.hawser.samples.published

import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/**
 * What a module tells native-image that it reaches by name, in what is used here of the format of GraalVM:
 * `reachability-metadata-schema-v1.2.0.json`. Each entry is for one class, without which it is not needed.
 */
internal class ReachabilityMetadata(val types: List<Type>, val resources: List<Resource>) {
    class Type(val site: String, val name: String, val methods: List<Method>, val fields: List<String>)

    class Method(val name: String, val parameters: List<String>)

    class Resource(val site: String, val glob: String)

    companion object {
        /** @throws IllegalArgumentException if [text] is not of that format. */
        fun parse(text: String): ReachabilityMetadata {
            val file = Json.parseToJsonElement(text).keyed("comment", "reflection", "resources")
            return ReachabilityMetadata(
                file.list("reflection").map { entry ->
                    val type = entry.keyed("condition", "type", "methods", "fields")
                    Type(
                        type.site(),
                        type.text("type"),
                        type.list("methods").map { it.keyed("name", "parameterTypes") }.map { method ->
                            Method(method.text("name"), method.list("parameterTypes").map { it.jsonPrimitive.content })
                        },
                        type.list("fields").map { it.keyed("name").text("name") },
                    )
                },
                file.list("resources").map { it.keyed("condition", "glob") }.map { Resource(it.site(), it.text("glob")) },
            )
        }

        private fun JsonElement.keyed(vararg keys: String): JsonObject = jsonObject.also { found ->
            require(keys.asList().containsAll(found.keys)) { "${found.keys - keys.toSet()} in $found" }
        }

        private fun JsonObject.text(key: String): String {
            val text = requireNotNull(this[key]) { "no $key in $this" }.jsonPrimitive
            require(text.isString) { "$key is no text in $this" }
            return text.content
        }

        private fun JsonObject.list(key: String): List<JsonElement> = this[key]?.jsonArray.orEmpty()

        private fun JsonObject.site(): String = getValue("condition").keyed("typeReached").text("typeReached")
    }
}
