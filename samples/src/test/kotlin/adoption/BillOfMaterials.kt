package io.hawser.samples.adoption

import java.nio.file.Path
import kotlin.io.path.readText
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** A [file] of CycloneDX, in JSON. */
internal class BillOfMaterials(file: Path) {
    private val json = Json.parseToJsonElement(file.readText()).jsonObject
    private val subject = json.getValue("metadata").jsonObject.getValue("component").jsonObject

    /** What would be another for the same thing made again. */
    val ofThisOccasion: List<String> = (json.keys + json.getValue("metadata").jsonObject.keys).filter {
        it == "serialNumber" ||
            it == "timestamp"
    }
    val components: List<Component> = json.list("components").map(::Component)

    /** The name of what it depends on itself, with its group. */
    val direct: Set<String> = json.list("dependencies").single { it["ref"] == subject["bom-ref"] }
        .getValue("dependsOn").jsonArray.map {
            it.jsonPrimitive.content.removePrefix("pkg:maven/").substringBefore('@').replace('/', ':')
        }.toSet()
    val licenses: List<String> = subject.list("licenses").map { it.getValue("license").jsonObject.text("id") }
    val links: Map<String, String> = subject.list("externalReferences").associate { it.text("type") to it.text("url") }

    class Component(json: JsonObject) {
        private val group = json.text("group")
        private val artifact = json.text("name")
        val version: String = json.text("version")
        val name: String = "$group:$artifact"
        val isOptional: Boolean = json["scope"]?.jsonPrimitive?.content == "optional"
        val sha256: String? = json.list("hashes").firstOrNull { it.text("alg") == "SHA-256" }?.text("content")

        /** Where its jar is in a local Maven repository. */
        val jar: String = "${group.replace('.', '/')}/$artifact/$version/$artifact-$version.jar"

        override fun toString(): String = "$name:$version"
    }
}

private fun JsonObject.list(name: String): List<JsonObject> = this[name]?.jsonArray?.map(JsonElement::jsonObject).orEmpty()

private fun JsonObject.text(name: String): String = getValue(name).jsonPrimitive.content
