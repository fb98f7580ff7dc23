package io.hawser.messaging

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.serialization.KSerializer
import kotlinx.serialization.SerializationException
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.builtins.MapSerializer
import kotlinx.serialization.builtins.nullable
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.descriptors.SerialDescriptor
import kotlinx.serialization.descriptors.buildClassSerialDescriptor
import kotlinx.serialization.descriptors.element
import kotlinx.serialization.encoding.CompositeDecoder.Companion.DECODE_DONE
import kotlinx.serialization.encoding.Decoder
import kotlinx.serialization.encoding.Encoder
import kotlinx.serialization.encoding.decodeStructure
import kotlinx.serialization.encoding.encodeStructure
import kotlinx.serialization.json.Json

internal data class Build(
    val name: String,
    val took: Long,
    val share: Double = 1.0,
    val done: Boolean = true,
    val steps: List<Map<String, Int?>> = emptyList(),
) {
    companion object {
        /** What the compiler's plugin would write. */
        fun serializer(): KSerializer<Build> = object : KSerializer<Build> {
            private val steps = ListSerializer(MapSerializer(String.serializer(), Int.serializer().nullable))
            override val descriptor: SerialDescriptor = buildClassSerialDescriptor("Build") {
                element<String>("name")
                element<Long>("took_ms")
                element<Double>("share")
                element<Boolean>("done")
                element("steps", steps.descriptor)
            }

            override fun serialize(encoder: Encoder, value: Build) = encoder.encodeStructure(descriptor) {
                encodeStringElement(descriptor, 0, value.name)
                encodeLongElement(descriptor, 1, value.took)
                encodeDoubleElement(descriptor, 2, value.share)
                encodeBooleanElement(descriptor, 3, value.done)
                encodeSerializableElement(descriptor, 4, steps, value.steps)
            }

            override fun deserialize(decoder: Decoder): Build = decoder.decodeStructure(descriptor) {
                var build = Build("", 0)
                while (true) {
                    build = when (decodeElementIndex(descriptor)) {
                        0 -> build.copy(name = decodeStringElement(descriptor, 0))
                        1 -> build.copy(took = decodeLongElement(descriptor, 1))
                        2 -> build.copy(share = decodeDoubleElement(descriptor, 2))
                        3 -> build.copy(done = decodeBooleanElement(descriptor, 3))
                        4 -> build.copy(steps = decodeSerializableElement(descriptor, 4, steps))
                        DECODE_DONE -> break
                        else -> error("unreachable")
                    }
                }
                build
            }
        }
    }
}

class SerializablePayloadSpec : StringSpec({
    val builds = PayloadCodec.of(Build.serializer())
    val build = Build("core", Long.MAX_VALUE, 1.0, true, listOf(mapOf("compile" to 3, "link" to null), emptyMap()))

    "what is serializable comes back from the wire as it was, in the shape that JSON would give it" {
        val message = Message.of("builds", build, builds)
        message.data shouldBe mapOf(
            "name" to "core",
            "took_ms" to Long.MAX_VALUE,
            "share" to 1.0,
            "done" to true,
            "steps" to listOf(mapOf("compile" to 3L, "link" to null), emptyMap()),
        )
        MessageCodec().run { decode(bytes(message)) }?.payload(builds) shouldBe build
    }

    "arrays of bytes are read as lists of numbers" {
        val numbers = PayloadCodec.of(MapSerializer(String.serializer(), ListSerializer(Byte.serializer())))
        numbers.decode(mapOf("digest" to byteArrayOf(1, -1))) shouldBe mapOf("digest" to listOf<Byte>(1, -1))
    }

    "what cannot be said, or is none, is refused" {
        val counts = PayloadCodec.of(MapSerializer(String.serializer(), ULong.serializer()))
        counts.encode(mapOf("n" to 5uL)) shouldBe mapOf("n" to 5L)
        shouldThrow<IllegalArgumentException> { counts.encode(mapOf("n" to ULong.MAX_VALUE)) }.message shouldContain "18446744073709551615"
        shouldThrow<IllegalArgumentException> { PayloadCodec.of(Int.serializer()).encode(3) }.message shouldContain "kotlin.Int"
        shouldThrow<SerializationException> { builds.decode(mapOf("name" to 3L, "took_ms" to "soon")) }
        shouldThrow<SerializationException> { builds.encode(build.copy(share = Double.NaN)) }
        val lenient = PayloadCodec.of(Build.serializer(), Json { allowSpecialFloatingPointValues = true })
        lenient.decode(lenient.encode(build.copy(share = Double.NaN))).share.isNaN() shouldBe true
    }
})
