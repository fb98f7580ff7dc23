package io.hawser.messaging

import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.hawser.UnexpectedEnd
import io.hawser.framing.framed
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.time.Clock
import java.time.Instant
import java.time.ZoneOffset
import kotlin.random.Random
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch

private const val MODEST = 64L shl 10

private val clock = Clock.fixed(Instant.ofEpochMilli(1_700_000_000_120), ZoneOffset.UTC)

private fun message(data: Map<String, Any?>, type: MessageType = MessageType.DATA) = Message.of("e", data, type, clock)

class MessageCodecSpec : StringSpec({
    extension(LeakCheck)

    val codec = MessageCodec()

    "a message is these bytes" {
        val bytes = codec.bytes(message(mapOf("step" to 1, "ok" to true), MessageType.ERROR))
        bytes.hex() shouldBe unhex(
            "00000073 85" +
                text("event_name") + text("e") +
                text("timestamp_ms") + "cf0000018bcfe56878" +
                text("timestamp_iso") + text("2023-11-14T22:13:20.120+00:00") +
                text("message_type") + text("error") +
                text("data") + "82" + text("step") + "01" + text("ok") + "c3",
        ).hex()
        codec.decode(bytes) shouldBe message(mapOf("step" to 1, "ok" to true), MessageType.ERROR)
    }

    "what is sent is received, one message behind the other, from any memory and in any order of bytes" {
        val messages = MessageType.entries.map { message(mapOf("a" to byteArrayOf(1), "b" to listOf("ü", null)), it) }
        val bytes = messages.map(codec::bytes).reduce(ByteArray::plus)
        val copies = listOf(
            ByteBuffer.wrap(bytes),
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN),
            ByteBuffer.wrap(bytes).asReadOnlyBuffer(),
            ByteBuffer.allocateDirect(bytes.size).put(bytes).flip(),
            ByteBuffer.wrap(ByteArray(3) + bytes + 7, 3, bytes.size).slice(),
        )
        for (copy in copies) {
            val order = copy.order()
            List(messages.size) { codec.decode(copy, 0, peer) } shouldBe messages
            copy.remaining() shouldBe 0
            copy.order() shouldBe order
        }
    }

    "an encoded message is one buffer, which any number of peers can be sent at once" {
        val buffer = codec.encode(message(mapOf("x" to 1)), peer).single()
        List(3) { codec.decode(buffer.duplicate(), 0, peer) } shouldBe List(3) { message(mapOf("x" to 1)) }
        buffer.position() shouldBe 0
        codec.encode(message(mapOf("x" to 1)), peer).single() shouldBe buffer
    }

    "the fields come in any order, others are passed over, and numbers in any form" {
        val others = linkedMapOf("version" to "02", "trace" to "81${text("id")}91c4017f") + fields("81a178ca3f000000").entries.reversed()
            .associate { it.toPair() } + ("timestamp_ms" to "d30000000000000005")
        val received = checkNotNull(codec.decode(framed(others.body())))
        received.data shouldBe mapOf("x" to 0.5)
        received.timestampMs shouldBe 5
        received.timestampIso shouldBe "T"
        received.eventName shouldBe "e"
    }

    "a message that is received says what the peer says, and can be passed on" {
        val received = checkNotNull(codec.decode(framed(body("81a178cf7fffffffffffffff"))))
        received.data shouldBe mapOf("x" to Long.MAX_VALUE)
        codec.decode(codec.bytes(received)) shouldBe received
        Message.of("other", received.data, clock = clock).data shouldBe received.data
    }

    val x = "81a178"
    val nowhere = "with 0 left for it"
    val hostile = mapOf(
        body("${x}c1") to "byte 70, data.x: 0xc1, which is no value",
        unhex("c1") to "byte 0: 0xc1, which is no value",
        body("dfffffffff") to "byte 67, data: a map of 4294967295 keys, with 0 bytes left for them",
        body("df7fffffffa178") to "byte 67, data: a map of 2147483647 keys, with 2 bytes left for them",
        body("deffff") to "byte 67, data: a map of 65535 keys, with 0 bytes left for them",
        body("82a17801") to "byte 67, data: a map of 2 keys, with 3 bytes left for them",
        body("${x}dd7fffffff") to "byte 70, data.x: an array of 2147483647 values, with 0 bytes left for them",
        body("${x}ddffffffff") to "byte 70, data.x: an array of 4294967295 values, with 0 bytes left for them",
        unhex("dd7fffffff") to "byte 0: an array of 2147483647 values, with 0 bytes left for them",
        body("${x}93c0c0") to "byte 70, data.x: an array of 3 values, with 2 bytes left for them",
        body("${x}92dc0002c0c0") to "byte 71, data.x[0]: an array of 2 values, with 1 bytes left for them",
        body("${x}92cd0000") to "byte 74, data.x[1]: the end, in place of a value",
        body("82a178a2ffffa179c0") to "byte 70, data.x: a string that is not UTF-8",
        body("82a178a5${"20".repeat(4)}") to "byte 70, data.x: a string of 5 bytes, with 2 left for it",
        body("${x}dbffffffff") to "byte 70, data.x: a string of 4294967295 bytes, $nowhere",
        body("${x}da0001") to "byte 70, data.x: a string of 1 bytes, $nowhere",
        body("${x}c6ffffffff") to "byte 70, data.x: binary of 4294967295 bytes, $nowhere",
        body("${x}c403ff") to "byte 70, data.x: binary of 3 bytes, with 1 left for it",
        body("${x}c9ffffffff01") to "byte 70, data.x: an extension type",
        body("${x}c9ffffff") to "byte 70, data.x: an extension type",
        body("${x}c70001") to "byte 70, data.x: an extension type",
        body("${x}d4ff00") to "byte 70, data.x: an extension type",
        body("${x}d6ff5a4af6a5") to "byte 70, data.x: an extension type",
        body("${x}d8") to "byte 70, data.x: an extension type",
        body("${x}d9") to "byte 70, data.x: the end, inside of a value",
        body("${x}cb00000000000000") to "byte 70, data.x: the end, inside of a value",
        body("${x}cf8000000000000000") to "byte 70, data.x: the integer 9223372036854775808, over 9223372036854775807",
        body("${x}cfffffffffffffffff") to "byte 70, data.x: the integer 18446744073709551615, over 9223372036854775807",
        body("${x}a1ff") to "byte 70, data.x: a string that is not UTF-8",
        body("${x}a2c080") to "byte 70, data.x: a string that is not UTF-8",
        body("${x}a3eda080") to "byte 70, data.x: a string that is not UTF-8",
        body("${x}a4f4908080") to "byte 70, data.x: a string that is not UTF-8",
        body("81a1ff01") to "byte 68, data: a string that is not UTF-8",
        body("82a17801a17802") to "byte 71, data: the key \"x\" once more",
        body("82a178c0d90178c0") to "byte 71, data: the key \"x\" once more",
        body("81a16182a17801a17802") to "byte 74, data.a: the key \"x\" once more",
        body("8105c0") to "byte 68, data: a key that is an integer, not a string",
        body("81c0c0") to "byte 68, data: a key that is nil, not a string",
        body("81c40178c0") to "byte 68, data: a key that is binary, not a string",
        body("8190c0") to "byte 68, data: a key that is an array, not a string",
        body("8180c0") to "byte 68, data: a key that is a map, not a string",
        body("80c0") to "byte 68: 1 bytes behind the end",
        body(x + "91".repeat(64) + "c0") to "byte 133, data.x${"[0]".repeat(63)}: more than 64 arrays and maps inside each other",
        body("81a178".repeat(65) + "c0") to "byte 259, data${".x".repeat(64)}: more than 64 arrays and maps inside each other",
        ByteArray(200_000) { 0x91.toByte() } to "byte 65, ${"[0]".repeat(65)}: more than 64 arrays and maps inside each other",
        ByteArray(200_000) { 0x81.toByte() } to "byte 65: more than 64 arrays and maps inside each other",
        unhex("81") to "byte 0: a map of 1 keys, with 0 bytes left for them",
        unhex("c0") to "nil, not a map",
        unhex("90") to "an array, not a map",
        unhex("c40101") to "binary, not a map",
        unhex("80") to "no event_name",
        unhex("8105c0") to "byte 1: a key that is an integer, not a string",
        (fields("80") - "timestamp_ms").body() to "no timestamp_ms",
        (fields("80") - "timestamp_iso").body() to "no timestamp_iso",
        (fields("80") - "message_type").body() to "no message_type",
        (fields("80") - "data").body() to "no data",
        (fields("80") + ("event_name" to "c0")).body() to "event_name is nil, not a string",
        (fields("80") + ("event_name" to "c40165")).body() to "event_name is binary, not a string",
        (fields("80") + ("event_name" to "a0")).body() to "event_name is empty",
        (fields("80") + ("event_name" to text("a\n"))).body() to
            "event_name has \"\\n\" at 1, which is none of A-Z, a-z, 0-9, _ and -: \"a\\n\"",
        (fields("80") + ("timestamp_ms" to "cb3ff0000000000000")).body() to "timestamp_ms is a float, not an integer",
        (fields("80") + ("timestamp_iso" to "c3")).body() to "timestamp_iso is a boolean, not a string",
        (fields("80") + ("message_type" to text("debug"))).body() to "message_type \"debug\" is none of data, error, control",
        (fields("80") + ("message_type" to text("DATA"))).body() to "message_type \"DATA\" is none of data, error, control",
        body("90") to "data is an array, not a map",
        body("c0") to "data is nil, not a map",
        body("a0") to "data is a string, not a map",
        (unhex("86") + body("80").drop(1) + unhex(text("data") + "80")) to "byte 68: the key \"data\" once more",
        (fields("80") + ("more" to "c1")).body() to "byte 73, more: 0xc1, which is no value",
    )
    for ((body, text) in hostile) {
        "malformed: $text, in ${body.take(80).toByteArray().hex()}${if (body.size > 80) "..." else ""}" {
            flaw(body) shouldBe text
            val stream = ByteBuffer.wrap(framed(body) + codec.bytes(message(emptyMap())))
            allocatedBy { runCatching { codec.decode(stream, 0, peer) } } shouldBeLessThan MODEST
            codec.decode(stream, 0, peer) shouldBe message(emptyMap())
        }
    }

    "63 lists inside of data are received" {
        flaw(body(x + "91".repeat(63) + "c0")).take(4) shouldBe "none"
    }

    "a length of zero is no message, and the next one is received" {
        val stream = ByteBuffer.wrap(ByteArray(4) + codec.bytes(message(emptyMap())))
        shouldThrow<MalformedFrame> { codec.decode(stream, 0, peer) }.message shouldBe
            "tcp://peer.example:7 sent a malformed frame: a length of zero"
        codec.decode(stream, 0, peer) shouldBe message(emptyMap())
    }

    "a length over the limit is refused by its four bytes, before anything is reserved" {
        val claims = mapOf("00100001" to 1_048_577L, "7fffffff" to 2_147_483_647, "80000000" to 2_147_483_648, "ffffffff" to 4_294_967_295)
        for ((prefix, length) in claims) {
            val bytes = ByteBuffer.wrap(unhex(prefix))
            codec.decode(bytes.duplicate().limit(3), 0, peer) shouldBe null
            val text = "tcp://peer.example:7 sent a message of $length bytes over the limit of 1048576 bytes"
            shouldThrow<FrameTooLarge> { codec.decode(bytes, 0, peer) }.message shouldBe text
            bytes.position() shouldBe 0
            allocatedBy { runCatching { codec.decode(bytes, 0, peer) } } shouldBeLessThan MODEST
        }
        codec.decode(ByteBuffer.wrap(unhex("00100000")), 0, peer) shouldBe null
    }

    "a message over the limit is not sent, and nothing is reserved for it" {
        val small = MessageCodec(maxFrame = 200)
        fun sized(size: Int) = message(mapOf("x" to ByteArray(size)))
        val overhead = codec.bytes(sized(100)).size - 100
        small.bytes(sized(204 - overhead)).size shouldBe 204
        shouldThrow<FrameTooLarge> { small.bytes(sized(205 - overhead)) }.message shouldBe
            "a message of 201 bytes for tcp://peer.example:7 is over the limit of 200 bytes"
        val large = sized(10_000_000)
        allocatedBy { runCatching { small.bytes(large) } } shouldBeLessThan MODEST
    }

    "cut short anywhere, a message is not there yet, or none" {
        val random = Random(7)
        val messages = List(20) { random.message() }.filter { codec.bytes(it).size < 5_000 } + message(mapOf("x" to listOf(1, "a")))
        for (message in messages) {
            val bytes = codec.bytes(message)
            for (length in 0 until bytes.size) {
                withClue("$length of ${bytes.hex()}") {
                    codec.decode(bytes.copyOf(length)) shouldBe null
                    if (length >= 4) flaw(bytes.copyOfRange(4, length)).take(4) shouldNotBe "none"
                }
            }
        }
    }

    "keys whose hashes are the same are keys like others" {
        val keys = (0 until (1 shl 13)).map { number -> (0 until 13).joinToString("") { if (number shr it and 1 == 0) "Aa" else "BB" } }
        keys.map { it.hashCode() }.distinct().size shouldBe 1
        codec.decode(codec.bytes(message(keys.associateWith { 1 })))?.data?.size shouldBe keys.size
    }

    "what is reserved for small collections, the worst there is, is in proportion to the frame" {
        val size = 1 shl 16
        val worst = listOf("80" to 20, "90" to 20, "91c0" to 50, "81a0c0" to 120, "a0" to 60, "cb0000000000000000" to 20, "c400" to 40)
        for ((one, bound) in worst) {
            val count = size / (one.length / 2)
            val body = body("81a178dd%08x".format(count) + one.repeat(count))
            flaw(body).take(4) shouldBe "none"
            val stream = framed(body)
            withClue(one) { allocatedBy { codec.decode(stream) } shouldBeLessThan stream.size * bound.toLong() }
        }
    }

    "over a connection messages come whole and in order, after malformed ones too, and an end inside of one is told" {
        val (near, far) = Memory.pair()
        val random = Random(3)
        val messages = List(100) { random.message() }
        near.use {
            far.use {
                val sending = launch {
                    near.framed(codec).sendAll(messages)
                    near.write(ByteBuffer.wrap(framed(unhex("c1"))))
                    near.framed(codec).send(messages.last())
                    near.write(ByteBuffer.wrap(codec.bytes(messages.last()), 0, 100))
                    near.shutdownOutput()
                }
                val receiving = far.framed(codec)
                List(messages.size) { receiving.receive() } shouldBe messages
                shouldThrow<MalformedFrame> { receiving.receive() }.message shouldContain "byte 0: 0xc1, which is no value"
                receiving.receive() shouldBe messages.last()
                shouldThrow<UnexpectedEnd> { receiving.receive() }.message shouldContain
                    "ended the stream after 100 bytes of a message of 4 + ${codec.bytes(messages.last()).size - 4} bytes"
                sending.join()
            }
        }
    }

    "limits are told, and make codecs equal" {
        shouldThrow<IllegalArgumentException> { MessageCodec(0) }.message shouldBe "maxFrame < 1: 0"
        shouldThrow<IllegalArgumentException> { MessageCodec(Int.MAX_VALUE) }.message shouldBe "maxFrame > 1073741824: 2147483647"
        "${MessageCodec()}" shouldBe "MessageCodec(up to 1048576 bytes)"
        setOf(MessageCodec(), MessageCodec(1 shl 20), MessageCodec(5)) shouldBe setOf(MessageCodec(), MessageCodec(5))
        codec.expected(ByteBuffer.wrap(ByteArray(3))) shouldBe "a message"
        codec.expected(ByteBuffer.wrap(unhex("000000ff00"))) shouldBe "a message of 4 + 255 bytes"
    }
})
