package io.hawser.messaging

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.time.Clock
import java.time.Instant
import java.time.OffsetDateTime
import java.time.ZoneId
import java.time.ZoneOffset

private val clock = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_120), ZoneOffset.UTC)

class MessageSpec : StringSpec({
    fun message(data: Map<String, Any?>) = Message.of("e", data, clock = clock)

    for (name in listOf("a", "Z", "0", "progress_of-7", "-", "_", "x".repeat(64))) {
        "\"$name\" is the name of an event" { Message.of(name, emptyMap()).eventName shouldBe name }
    }

    val letters = "which is none of A-Z, a-z, 0-9, _ and -"
    val names = mapOf(
        "" to "is empty",
        "x".repeat(65) to "has 65 characters, more than 64: \"${"x".repeat(64)}...\"",
        "a b" to "has \" \" at 1, $letters: \"a b\"",
        "a@b" to "has \"@\" at 1, $letters: \"a@b\"",
        "a.b" to "has \".\" at 1, $letters: \"a.b\"",
        "../etc" to "has \".\" at 0, $letters: \"../etc\"",
        "progress\n" to "has \"\\n\" at 8, $letters: \"progress\\n\"",
        "größe" to "has \"ö\" at 2, $letters: \"größe\"",
        "٣" to "has \"٣\" at 0, $letters: \"٣\"",
        "a\u0000" to "has \"\\u0000\" at 1, $letters: \"a\\u0000\"",
    )
    for ((name, text) in names) {
        "refused: the name of an event $text" {
            shouldThrow<IllegalArgumentException> { Message.of(name, emptyMap()) }.message shouldBe "the name of an event $text"
        }
    }

    "a message is dated by its clock, in the zone of that" {
        fun iso(zone: String, ms: Long = 1_700_000_000_120) =
            Message.of("e", emptyMap(), clock = Clock.fixed(Instant.ofEpochMilli(ms), ZoneId.of(zone))).timestampIso

        message(emptyMap()).timestampMs shouldBe 1_700_000_000_120
        iso("UTC") shouldBe "2023-11-14T22:13:20.120+00:00"
        iso("Europe/Paris") shouldBe "2023-11-14T23:13:20.120+01:00"
        iso("Europe/Paris", 1_690_000_000_000) shouldBe "2023-07-22T06:26:40.000+02:00"
        iso("Asia/Kathmandu") shouldBe "2023-11-15T03:58:20.120+05:45"
        OffsetDateTime.parse(iso("America/St_Johns")).toInstant() shouldBe Instant.ofEpochMilli(1_700_000_000_120)
    }

    "without a clock it is now, in UTC, and later messages are not earlier" {
        val before = System.currentTimeMillis()
        val one = Message.of("e", emptyMap())
        val other = Message.of("e", emptyMap())
        one.timestampMs shouldBeGreaterThanOrEqual before
        other.timestampMs shouldBeGreaterThanOrEqual one.timestampMs
        OffsetDateTime.parse(one.timestampIso).toInstant().toEpochMilli() shouldBe one.timestampMs
        OffsetDateTime.parse(one.timestampIso).offset shouldBe ZoneOffset.UTC
    }

    "it is data unless it is said to be something else" {
        Message.of("e", emptyMap()).type shouldBe MessageType.DATA
        Message.of("e", emptyMap(), MessageType.ERROR).type shouldBe MessageType.ERROR
        MessageType.entries.map { it.word } shouldBe listOf("data", "error", "control")
    }

    "numbers are widened, and all else stays what it is, in order" {
        val data = message(
            linkedMapOf(
                "z" to null,
                "a" to true,
                "numbers" to listOf(1.toByte(), 2.toShort(), 3, 4L, 0.5f, 0.25),
                "text" to "grüße \ud83c\udf7a",
                "map" to mapOf("" to emptyMap<String, Any?>()),
            ),
        ).data
        data shouldBe mapOf(
            "z" to null,
            "a" to true,
            "numbers" to listOf(1L, 2L, 3L, 4L, 0.5, 0.25),
            "text" to "grüße \ud83c\udf7a",
            "map" to mapOf("" to emptyMap<String, Any?>()),
        )
        data.keys.toList() shouldBe listOf("z", "a", "numbers", "text", "map")
        ("z" in data) shouldBe true
        ("y" in data) shouldBe false
    }

    class Odd

    val types = "null, Boolean, Long, Double, String, ByteArray, List and Map"
    val refused = listOf(
        mapOf("steps" to listOf(1, 2, 3, mapOf("when" to Instant.EPOCH))) to "data.steps[3].when: java.time.Instant is none of $types",
        mapOf("a b" to mapOf("\n" to 'c')) to "data[\"a b\"][\"\\n\"]: java.lang.Character is none of $types",
        mapOf("x" to intArrayOf(1)) to "data.x: int[] is none of $types",
        mapOf("x" to setOf(1)) to "data.x: ${setOf(1).javaClass.name} is none of $types",
        mapOf("x" to 1u) to "data.x: kotlin.UInt is none of $types",
        mapOf("x" to Odd()) to "data.x: ${Odd::class.java.name} is none of $types",
        mapOf("x" to mapOf(5 to 1)) to "data.x: a key is java.lang.Integer, not a String",
        mapOf("x" to mapOf(null to 1)) to "data.x: a key is null, not a String",
        mapOf("x" to "a\ud83c") to "data.x: half of a surrogate pair, \\ud83c, at 1",
        mapOf("x" to "\udf7a\ud83c") to "data.x: half of a surrogate pair, \\udf7a, at 0",
        mapOf("\ud83c" to 1) to "data[\"\\ud83c\"]: half of a surrogate pair, \\ud83c, at 0",
    )
    for ((data, text) in refused) {
        "refused: $text" { shouldThrow<IllegalArgumentException> { message(data) }.message shouldBe text }
    }

    "lists and maps are inside each other 64 deep, and no deeper" {
        fun nested(depth: Int): Any = if (depth ==
            0
        ) {
            1
        } else if (depth % 2 == 0) {
            listOf(nested(depth - 1))
        } else {
            mapOf("x" to nested(depth - 1))
        }
        message(mapOf("x" to nested(63)))
        shouldThrow<IllegalArgumentException> { message(mapOf("x" to nested(64))) }.message shouldBe
            "data.x[0]${".x[0]".repeat(31)}: more than 64 lists and maps inside each other"
        val itself = mutableMapOf<String, Any?>()
        itself["x"] = itself
        shouldThrow<IllegalArgumentException> { message(itself) }.message shouldBe
            "data${".x".repeat(64)}: more than 64 lists and maps inside each other"
    }

    "nobody can change it: neither who made it nor who reads it" {
        val bytes = byteArrayOf(1, 2)
        val list = mutableListOf<Any?>(bytes)
        val map = mutableMapOf<String, Any?>("bytes" to bytes, "list" to list)
        val message = message(map)
        bytes[0] = 9
        list += 1
        map["more"] = 1
        fun taken() = listOf(
            message.data["bytes"],
            message.data.values.first(),
            message.data.entries.first().value,
            (message.data["list"] as List<*>).single(),
            (message.data["list"] as List<*>).iterator().next(),
        ).map { it as ByteArray }
        for (one in taken()) one[1] = 9
        for (one in taken()) one shouldBe byteArrayOf(1, 2)
        message.data.keys shouldBe setOf("bytes", "list")

        @Suppress("UNCHECKED_CAST", "PLATFORM_CLASS_MAPPED_TO_KOTLIN")
        val data = message.data as java.util.Map<String, Any?>

        @Suppress("UNCHECKED_CAST", "PLATFORM_CLASS_MAPPED_TO_KOTLIN")
        val inner = data.get("list") as java.util.List<Any?>
        val attempts = listOf<() -> Unit>(
            { data.put("x", 1) },
            { data.clear() },
            { data.keySet().clear() },
            { data.entrySet().clear() },
            { data.entrySet().iterator().next().setValue(1) },
            { inner.add(1) },
            { inner.set(0, 1) },
        )
        for (attempt in attempts) shouldThrow<UnsupportedOperationException> { attempt() }
    }

    "messages are equal by all that they consist of" {
        fun one() = mapOf("a" to byteArrayOf(1), "b" to listOf(1, mapOf("c" to byteArrayOf(2))), "n" to null)
        message(one()) shouldBe message(one())
        message(one()).hashCode() shouldBe message(one()).hashCode()
        message(one().entries.reversed().associate { it.toPair() }) shouldBe message(one())
        message(one().entries.reversed().associate { it.toPair() }).hashCode() shouldBe message(one()).hashCode()
        message(mapOf("n" to 1)) shouldBe message(mapOf("n" to 1L))
        message(mapOf("n" to Double.NaN)) shouldBe message(mapOf("n" to Float.NaN))
        val others = listOf(
            one() + ("a" to byteArrayOf(2)),
            one() + ("a" to listOf(1)),
            one() + ("b" to listOf(1, mapOf("c" to byteArrayOf(3)))),
            one() + ("m" to null),
            one() - "n",
            one() - "n" + ("m" to null),
        )
        for (other in others) message(other) shouldNotBe message(one())
        message(mapOf("n" to 0.0)) shouldNotBe message(mapOf("n" to -0.0))
        message(mapOf("n" to 1)) shouldNotBe message(mapOf("n" to 1.0))
        Message.of("f", one(), clock = clock) shouldNotBe message(one())
        Message.of("e", one(), MessageType.ERROR, clock) shouldNotBe message(one())
        Message.of("e", one(), clock = clock.withZone(ZoneId.of("Asia/Tokyo"))) shouldNotBe message(one())
        Message.of("e", one(), clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC)) shouldNotBe message(one())
        message(mapOf("n" to 1)).data shouldBe mapOf("n" to 1L)
    }

    "it tells what is in it, cut short, and nothing that could be taken for something else" {
        val data = linkedMapOf("step" to 1, "of" to listOf("a\nb", null, true, 0.5), "a b" to byteArrayOf(1, 2), "m" to mapOf("x" to 1))
        "${message(data)}" shouldBe
            "Message(e, data, 2023-11-14T22:13:20.120Z, {step=1, of=[\"a\\nb\", null, true, 0.5], \"a b\"=2 bytes, m={x=1}})"
        "${message(data).data["of"]}" shouldBe "[\"a\\nb\", null, true, 0.5]"
        "${message(mapOf("x" to List(1_000_000) { 7 }))}".length shouldBe "Message(e, data, 2023-11-14T22:13:20.120Z, ...)".length + 400
        "${message(mapOf("x" to "y".repeat(1_000)))}" shouldBe
            "Message(e, data, 2023-11-14T22:13:20.120Z, {x=\"${"y".repeat(64)}...\"})"
        "${message(mapOf("x" to "\u202egpj\u2028\"\\"))}" shouldBe
            "Message(e, data, 2023-11-14T22:13:20.120Z, {x=\"\\u202egpj\\u2028\\\"\\\\\"})"
    }

    "a codec makes data of payloads, and reads them" {
        data class Step(val number: Int, val name: String)

        val steps = PayloadCodec.of<Step>({ mapOf("number" to it.number, "name" to it.name) }) {
            Step(Math.toIntExact(it["number"] as Long), it["name"] as String)
        }
        val message = Message.of("progress", Step(3, "link"), steps, clock = clock)
        message shouldBe Message.of("progress", mapOf("number" to 3, "name" to "link"), clock = clock)
        message.payload(steps) shouldBe Step(3, "link")
        shouldThrow<NullPointerException> { message(emptyMap()).payload(steps) }
    }
})
