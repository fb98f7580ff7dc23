package io.hawser.samples.hub

import io.hawser.messaging.Message
import io.hawser.messaging.MessageType
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.time.Clock
import java.time.Instant
import java.time.ZoneOffset

class MessageJsonSpec : StringSpec({
    fun nested(depth: Int) = "{\"a\":".repeat(depth - 1) + "{}" + "}".repeat(depth - 1)

    "an object is data" {
        dataOf(""" { "step": 1, "of": [1.5, 1e2, -0.0], "name": "caf\u00e9", "last": false, "next": null, "in": {} } """) shouldBe
            mapOf(
                "step" to 1L,
                "of" to listOf(1.5, 100.0, -0.0),
                "name" to "café",
                "last" to false,
                "next" to null,
                "in" to emptyMap<String, Any>(),
            )
        dataOf("""{"a":9223372036854775807,"b":-9223372036854775808}""") shouldBe mapOf("a" to Long.MAX_VALUE, "b" to Long.MIN_VALUE)
    }

    "what is no object is text, as it is" {
        for (line in listOf(
            "hello",
            "",
            " {",
            "[1]",
            "1",
            "{\"a\":1} {",
            "{\"a\":abc}",
            "{\"a\":01}",
            "{\"a\":NaN}",
            "{\"a\":[{\"b\":+1}]}",
            "{'a':1}",
            "{a:1}",
            "{\"a\":1,}",
            "{\"a\"",
            "{\"[[\\\"\\\\${"[".repeat(65)}",
        )) {
            withClue(line.take(20)) { dataOf(line) shouldBe mapOf("text" to line) }
        }
    }

    "of a key given twice the last one counts" {
        dataOf("""{"a":1,"a":2}""") shouldBe mapOf("a" to 2L)
    }

    "what no message can say is told" {
        for ((line, why) in mapOf(
            """{"a":9223372036854775808}""" to "more than 64 bits: 9223372036854775808",
            """{"a":${"9".repeat(100_000)}}""" to "more than 64 bits: ${"9".repeat(40)}",
            """{"a":[1e999]}""" to "too large for 64 bits: 1e999",
            nested(65) to "more than 64 lists and maps inside each other",
            nested(50_000) to "more than 64 lists and maps inside each other",
            """{"a":${"[".repeat(50_000)}${"]".repeat(50_000)}}""" to "more than 64 lists and maps inside each other",
        )) {
            withClue(line.take(40)) { shouldThrow<IllegalArgumentException> { dataOf(line) }.message shouldBe why }
        }
    }

    "what is deeper and no object is text" {
        val line = "{".repeat(100_000)
        dataOf(line) shouldBe mapOf("text" to line)
    }

    "as deep as a message may be, an object is one, whatever its strings have in them" {
        dataOf("{\"a\\\"${"[".repeat(65)}\":1}") shouldBe mapOf("a\"${"[".repeat(65)}" to 1L)
        Message.of("e", dataOf(nested(64))).data.size shouldBe 1
    }

    "a message is one line, which says what was said" {
        val clock = Clock.fixed(Instant.ofEpochMilli(1_795_323_600_000), ZoneOffset.ofHours(1))
        val data = mapOf("step" to 1, "share" to 0.5, "name" to "a\nb \"é\"", "list" to listOf(null, true))
        val json = Message.of("progress", data, MessageType.ERROR, clock).toJson()
        json shouldBe """{"event_name":"progress","timestamp_ms":1795323600000,"timestamp_iso":"2026-11-22T06:00:00.000+01:00",""" +
            """"message_type":"error","data":{"step":1,"share":0.5,"name":"a\nb \"é\"","list":[null,true]}}"""
        Message.of("progress", emptyMap()).toJson(client = "7").take(33) shouldBe """{"client":"7","event_name":"progr"""
    }

    "what JSON cannot say becomes text, and what controls a terminal is escaped" {
        val data = mapOf(
            "bytes" to byteArrayOf(-1, 0),
            "nan" to Double.NaN,
            "below" to Double.NEGATIVE_INFINITY,
            "csi" to "\u009b2J\u001b[2J\u202e",
        )
        Message.of("e", data).toJson().substringAfter("\"data\":") shouldBe
            """{"bytes":"/wA=","nan":"NaN","below":"-Infinity","csi":"\u009b2J\u001b[2J\u202e"}}"""
    }

    "what was written is read as it was" {
        val data = mapOf("a" to Long.MIN_VALUE, "b" to 1e300, "c" to "\u0000\u2028\uD83D\uDE00", "d" to listOf(mapOf("e" to null)))
        dataOf(Message.of("e", data).toJson())["data"] shouldBe data
    }
})
