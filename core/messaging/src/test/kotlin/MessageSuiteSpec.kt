package io.hawser.messaging

import io.hawser.messaging.wire.FrozenList
import io.hawser.messaging.wire.FrozenMap
import io.hawser.messaging.wire.ValueReader
import io.hawser.messaging.wire.ValueWriter
import io.hawser.messaging.wire.frozen
import io.hawser.messaging.wire.isSameAs
import io.hawser.messaging.wire.sizeOf
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.msgpack.core.MessagePack
import org.msgpack.value.Value

private fun read(hex: String): Any? = ValueReader(ByteBuffer.wrap(unhex(hex))).whole()

private fun written(value: Any?): String {
    val bytes = ByteBuffer.allocate(sizeOf(value).toInt())
    ValueWriter(bytes).write(value)
    check(!bytes.hasRemaining())
    return bytes.array().hex()
}

private val String.isFloat: Boolean get() = startsWith("ca") || startsWith("cb")

private fun JsonElement.plain(): Any? = when (this) {
    is JsonNull -> null
    is JsonArray -> FrozenList(map { it.plain() }.toTypedArray())
    is JsonObject -> FrozenMap(mapValuesTo(LinkedHashMap()) { it.value.plain() })
    is JsonPrimitive -> if (isString) content else content.toBooleanStrictOrNull() ?: content.toLongOrNull() ?: content.toDouble()
}

/** What somebody else reads. */
private fun Value.plain(): Any? = when {
    isNilValue -> null
    isBooleanValue -> asBooleanValue().boolean
    isIntegerValue -> asIntegerValue().asLong()
    isFloatValue -> asFloatValue().toDouble()
    isStringValue -> asStringValue().asString()
    isBinaryValue -> asBinaryValue().asByteArray()
    isArrayValue -> FrozenList(asArrayValue().map { it.plain() }.toTypedArray())
    else -> FrozenMap(asMapValue().entrySet().associateTo(LinkedHashMap()) { it.key.asStringValue().asString() to it.value.plain() })
}

/** MessagePack as others have it: the public test suite, whose licence is beside it, and the library of its authors. */
class MessageSuiteSpec : StringSpec({
    val suite = checkNotNull(MessageSuiteSpec::class.java.getResource("/msgpack-test-suite/msgpack-test-suite.json")).readText()
    for ((part, cases) in Json.parseToJsonElement(suite).jsonObject) {
        "the test suite's $part" {
            for (case in cases.jsonArray.map { it.jsonObject }) {
                val forms = case.getValue("msgpack").jsonArray.map { it.jsonPrimitive.content.replace("-", "") }
                val kind = case.keys.first { it != "msgpack" }
                withClue(case) {
                    when {
                        kind == "ext" || kind == "timestamp" -> for (form in forms) {
                            shouldThrow<RuntimeException> { read(form) }.message shouldContain "an extension type"
                        }

                        case["bignum"]?.jsonPrimitive?.content?.toLongOrNull() == null && "bignum" in case -> for (form in forms) {
                            // Over Long: as an unsigned integer it is refused, as a float it is the nearest one.
                            if (form.startsWith("cf")) {
                                shouldThrow<RuntimeException> { read(form) }.message shouldContain "over 9223372036854775807"
                            } else {
                                read(form) shouldBe case.getValue("bignum").jsonPrimitive.content.toDouble()
                            }
                        }

                        else -> {
                            val value = when (kind) {
                                "binary" -> unhex(case.getValue(kind).jsonPrimitive.content)

                                // The file has large numbers as text too, for readers that cannot hold them.
                                "number", "bignum" -> Json.parseToJsonElement(
                                    (case["bignum"] ?: case.getValue(kind)).jsonPrimitive.content,
                                ).plain()

                                else -> case.getValue(kind).plain()
                            }
                            for (form in forms) {
                                val expected = if (form.isFloat) (value as Number).toDouble() else value
                                withClue(form) { read(form).isSameAs(expected) shouldBe true }
                            }
                            // Floats stay floats; all else is in the shortest form, or one of those.
                            forms shouldContain written(value)
                            if (value !is Double) written(value).length shouldBe forms.filterNot { it.isFloat }.minOf { it.length }
                        }
                    }
                }
            }
        }
    }

    "each limit of each form is where the library of MessagePack's authors has it" {
        val lengths = listOf(0, 1, 15, 16, 31, 32, 127, 128, 255, 256, 65_535, 65_536)
        val integers = (0..63).flatMap { bit -> listOf(-1L, 0L, 1L).flatMap { listOf((1L shl bit) + it, -(1L shl bit) + it) } }
        val values = integers + lengths.flatMap { length ->
            listOf(
                "a".repeat(length),
                "ü".repeat(length / 2),
                ByteArray(length),
                List(length) { null },
                (0 until length).associate { "$it" to true },
            )
        } + listOf(0.0, -0.0, 0.5, Double.MAX_VALUE, Double.NaN, 1e17)
        for (value in values) {
            val data = frozen(mapOf("x" to value))
            val ours = written(data)
            val theirs = MessagePack.newDefaultBufferPacker().use { packer ->
                packer.packValue(MessagePack.newDefaultUnpacker(unhex(ours)).unpackValue())
                packer.toByteArray().hex()
            }
            check(ours == theirs) { "${ours.take(40)} is ${theirs.take(40)}" }
            check(MessagePack.newDefaultUnpacker(unhex(ours)).unpackValue().plain().isSameAs(data)) { "they read $data" }
            check(read(ours).isSameAs(data)) { "we read $data" }
        }
    }

    "what the library of MessagePack's authors makes of a message is the message" {
        val random = Random(11)
        repeat(500) {
            val message = random.message()
            val value = MessagePack.newDefaultUnpacker(
                MessageCodec().bytes(message).drop(4).toByteArray(),
            ).unpackValue().plain() as FrozenMap
            value["event_name"] shouldBe message.eventName
            value["message_type"] shouldBe message.type.word
            value.raw["data"].isSameAs(message.content) shouldBe true
        }
    }
})
