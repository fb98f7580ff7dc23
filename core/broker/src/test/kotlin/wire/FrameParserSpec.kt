package io.hawser.broker.wire

import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.hawser.UnexpectedEnd
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf

/** A broker's parser that has had a client's hello. */
private fun greeted(maxFrame: Int = 64 * 1024): FrameParser =
    parser(Side.CLIENT, maxFrame).also { it.frames(bytesOf(clientHello)).size shouldBe 1 }

/** A client's parser that has had a broker's hello. */
private fun greetedClient(): FrameParser = parser(Side.BROKER).also { it.frames(bytesOf(brokerHello)).size shouldBe 1 }

/** What the protocol says of these frames behind each other. */
private fun FrameParser.violation(vararg frames: ByteArray): String {
    val violation = shouldThrow<Violation> { frames.forEach { frames(it) } }
    violation.message shouldBe violation.failure.message
    return "${violation.code}: ${checkNotNull(
        violation.message,
    ).removePrefix("$peer sent a malformed frame: ").removePrefix("$peer sent ")}"
}

private fun opening(id: Long): ByteArray = bytesOf(start(id, body(0)))

class FrameParserSpec : StringSpec({
    val streams = mapOf(Side.CLIENT to fromClient, Side.BROKER to fromBroker)

    "all frames in one arrival" {
        for ((side, frames) in streams) {
            val parsed = parser(side).frames(bytesOf(frames))
            parsed.map { it.javaClass } shouldBe frames.map { it.javaClass }
            bytesOf(parsed).hex() shouldBe bytesOf(frames).hex()
        }
    }

    "frames are the same wherever the stream is cut in two" {
        for ((side, frames) in streams) {
            val bytes = bytesOf(frames)
            for (cut in 1 until bytes.size) {
                val sizes = listOf(cut, bytes.size).iterator()
                withClue("$side, cut at $cut") { bytesOf(parser(side).frames(bytes, sizes::next)).hex() shouldBe bytes.hex() }
            }
        }
    }

    "frames are the same byte by byte, and each is there with its last byte" {
        for ((side, frames) in streams) {
            val parser = parser(side)
            for (frame in frames) {
                val bytes = bytesOf(frame)
                parser.frames(bytes.copyOf(bytes.size - 1)) { 1 }.shouldBeEmpty()
                bytesOf(parser.frames(byteArrayOf(bytes.last()))).hex() shouldBe bytes.hex()
            }
        }
    }

    "what a START says is read" {
        val start = greeted().frames(bytesOf(fromClient.filterIsInstance<Frame.Start>())).first()
        start.shouldBeInstanceOf<Frame.Start>()
        start.id shouldBe 1
        start.handle shouldBe 0xffff_fffe
        start.timeoutMs shouldBe 0xffff_ffff
        start.flags shouldBe (Frame.WAIT or Frame.IDEMPOTENT)
        start.headers.read(peer) shouldBe mapOf("content-type" to "text/plain", "grüße" to "välue", "empty" to "")
        String(start.body.content()) shouldBe "first"
    }

    "a CHUNK that has not all come goes on in pieces, and nothing waits for more than 4 KiB" {
        val parser = greeted()
        parser.frames(opening(1))
        val content = body(64 * 1024).content()
        val bytes = bytesOf(Frame.Chunk(1, body(64 * 1024)))
        parser.frames(bytes.copyOf(16 + 4095)).shouldBeEmpty()
        val first = parser.frames(bytes.copyOfRange(16 + 4095, 16 + 4096)).single()
        first.body.remaining() shouldBe 4096
        val rest = parser.frames(bytes.copyOfRange(16 + 4096, bytes.size)) { 1000 }
        rest.all { it is Frame.Chunk && it.id == 1L } shouldBe true
        rest.dropLast(1).map { it.body.remaining() }.distinct() shouldBe listOf(4096)
        (listOf(first) + rest).fold(ByteArray(0)) { all, it -> all + it.body.content() }.contentEquals(content) shouldBe true
        parser.end()
    }

    "what has come of a CHUNK at once goes on as one piece, and the rest with what follows it" {
        val parser = greeted()
        val bytes = opening(1) + bytesOf(Frame.Chunk(1, body(60_000)), Frame.End(1, 60_000))
        val sizes = listOf(50_000, 100_000).iterator()
        val frames = parser.frames(bytes, sizes::next)
        val first = 50_000 - 16 - opening(1).size
        frames.drop(1).map { it.body.remaining() } shouldBe listOf(first, 60_000 - first, 0)
        frames.last().shouldBeInstanceOf<Frame.End>()
    }

    "other frames come whole" {
        val parser = greeted()
        val bytes = bytesOf(start(1, body(60_000)))
        parser.frames(bytes.copyOf(bytes.size - 1)) { 7_000 }.shouldBeEmpty()
        parser.frames(byteArrayOf(bytes.last())).single().body.content().contentEquals(body(60_000).content()) shouldBe true
    }

    "a large payload is a slice of what it came in, a small one is a copy" {
        fun payload(size: Int): Pair<Frame, ByteArray> {
            val arrival = (bytesOf(clientHello) + opening(1) + bytesOf(Frame.Chunk(1, body(size)))).copyOf(8_000)
            // What is behind it is passed over.
            val passed = raw(0x40, 0, ByteArray(8_000))
            passed.copyInto(arrival, arrival.size - 8_000 + bytesOf(clientHello).size + opening(1).size + 16 + size, 0, 16)
            val frames = mutableListOf<Frame>()
            parser(Side.CLIENT).feed(arrival, frames::add)
            return frames.last() to arrival
        }
        val (large, its) = payload(4_000)
        (large.body.array() === its) shouldBe true
        large.body.content().contentEquals(body(4_000).content()) shouldBe true
        val (small, other) = payload(3_999)
        (small.body.array() === other) shouldBe false
        small.body.array().size shouldBe 3_999
        small.body.content().contentEquals(body(3_999).content()) shouldBe true
    }

    "the first frame is short, others as long as may be" {
        fun hello(size: Int) = raw(0x01, 0, unhex("48575352 0001 0001 0000") + ByteArray(size - 10))
        parser(Side.CLIENT).frames(hello(1024)).size shouldBe 1
        parser(Side.CLIENT).violation(hello(1025)) shouldBe "FRAME_TOO_LARGE: a first frame of 1025 bytes over the limit of 1024 bytes"
        val parser = greeted(20_000)
        parser.frames(bytesOf(start(1, body(20_000 - 10)))).size shouldBe 1
        parser.violation(bytesOf(start(3, body(20_000 - 9)))) shouldBe
            "FRAME_TOO_LARGE: a frame of 20001 bytes over the limit of 20000 bytes"
    }

    "what a broker says of the longest frame holds for its own" {
        val parser = parser(Side.BROKER)
        parser.frames(bytesOf(Frame.BrokerHello(1, 16 * 1024, 8 * 1024, 1, 1, HeaderBlock.EMPTY)))
        parser.frames(bytesOf(reply(1, body(16 * 1024 - 2)))).size shouldBe 1
        parser.violation(bytesOf(reply(3, body(16 * 1024 - 1)))) shouldBe
            "FRAME_TOO_LARGE: a frame of 16385 bytes over the limit of 16384 bytes"
    }

    "a length is held to the limit before anything is kept for it" {
        val claim = raw(0x10, 1, ByteArray(0), length = -1)
        val violation = shouldThrow<Violation> { greeted().frames(claim) }
        violation.failure.shouldBeInstanceOf<FrameTooLarge>().limit shouldBe 64 * 1024
        violation.message shouldBe "$peer sent a frame of 4294967295 bytes over the limit of 65536 bytes"
        val parser = greeted(Frame.LARGEST_MAX_FRAME)
        val large = raw(0x10, 1, ByteArray(0), length = Frame.LARGEST_MAX_FRAME)
        allocatedBy { parser.frames(large + ByteArray(100)) } shouldBeLessThan 10_000
    }

    "types to come are passed over with their payload, wherever they are cut" {
        val bytes = bytesOf(clientHello) + raw(0x40, -5, ByteArray(10), flags = 0xff) + opening(1) + raw(0xff, 0, ByteArray(0)) + opening(3)
        for (cut in 1 until bytes.size) {
            val sizes = listOf(cut, bytes.size).iterator()
            parser(Side.CLIENT).frames(bytes, sizes::next).map { it.id } shouldBe listOf(0, 1, 3)
        }
    }

    "flags that need not be understood are passed over, others are not" {
        val starts = greeted().frames(raw(0x10, 1, "00000001 00000000 0000", flags = 0xff))
        starts.single().flags shouldBe 0x0f
        greeted().violation(raw(0x11, 2, "0000", flags = 0x06)) shouldBe "MALFORMED: REPLY with the flag 0x06"
        greeted().violation(opening(1), raw(0x12, 1, "00", flags = 0x08)) shouldBe "MALFORMED: CHUNK with the flag 0x08"
    }

    "HELLO comes first, and once, or else GOAWAY" {
        val parser = parser(Side.BROKER)
        val goAway = parser.frames(bytesOf(Frame.GoAway(32, Text.of("speaks 1 to 1")))).single() as Frame.GoAway
        "${goAway.code} ${goAway.text}" shouldBe "32 speaks 1 to 1"
        parser.violation(raw(0x20, 0, ByteArray(8))) shouldBe "ORDER: PING before HELLO"
        parser(Side.CLIENT).violation(opening(1)) shouldBe "ORDER: START before HELLO"
        parser(Side.CLIENT).violation(raw(0x40, 0, "")) shouldBe "ORDER: a frame before HELLO"
        greeted().violation(bytesOf(clientHello)) shouldBe "ORDER: HELLO once more"
        greetedClient().violation(bytesOf(brokerHello)) shouldBe "ORDER: HELLO once more"
    }

    "a header is as it is to be" {
        greeted().violation(raw(0x10, 1, ByteArray(10), reserved = 0xfffe)) shouldBe
            "MALFORMED: a header with 65534 where there is to be zero"
        greeted().violation(raw(0x17, 1, "")) shouldBe "MALFORMED: a frame of type 0x17, which the client does not send"
        greeted().violation(raw(0x03, 1, "00000000")) shouldBe "MALFORMED: a frame of type 0x03, which the client does not send"
        greetedClient().violation(raw(0x02, 1, ByteArray(24))) shouldBe "MALFORMED: a frame of type 0x02, which the broker does not send"
    }

    "a frame has the length of its kind" {
        val wrong = mapOf(
            raw(0x02, 1, ByteArray(23)) to "REGISTER of 23 bytes",
            raw(0x02, 1, ByteArray(24 + 4097)) to "REGISTER of 4121 bytes",
            raw(0x10, 1, ByteArray(9)) to "START of 9 bytes",
            raw(0x11, 2, ByteArray(1)) to "REPLY of 1 bytes",
            raw(0x12, 2, ByteArray(0)) to "CHUNK of 0 bytes",
            raw(0x13, 2, ByteArray(9)) to "END of 9 bytes",
            raw(0x14, 2, ByteArray(3)) to "ERROR of 3 bytes",
            raw(0x14, 2, ByteArray(1029)) to "ERROR of 1029 bytes",
            raw(0x15, 1, ByteArray(5)) to "CANCEL of 5 bytes",
            raw(0x16, 2, ByteArray(3)) to "CREDIT of 3 bytes",
            raw(0x20, 0, ByteArray(7)) to "PING of 7 bytes",
            raw(0x21, 0, ByteArray(9)) to "PONG of 9 bytes",
            raw(0x22, 0, ByteArray(3)) to "GOAWAY of 3 bytes",
        )
        // The header is enough to know.
        for ((bytes, text) in wrong) greeted().violation(bytes.copyOf(16)) shouldBe "MALFORMED: $text"
        parser(Side.BROKER).violation(raw(0x01, 0, ByteArray(25))) shouldBe "MALFORMED: HELLO of 25 bytes"
        greetedClient().violation(raw(0x03, 1, ByteArray(3))) shouldBe "MALFORMED: REGISTERED of 3 bytes"
    }

    "ids are those of their sender, each START higher than the one before" {
        val wrong = mapOf(
            raw(0x20, 1, ByteArray(8)) to "PING with the id 1, which is to be 0",
            raw(0x02, 0, ByteArray(24)) to "REGISTER with the id 0, which is no handle",
            raw(0x02, 1L shl 32, ByteArray(24)) to "REGISTER with the id 4294967296, which is no handle",
            raw(0x10, 2, ByteArray(10)) to "START with the id 2, which the client does not open",
            raw(0x10, 0, ByteArray(10)) to "START with the id 0, which the client does not open",
            raw(0x10, -1, ByteArray(10)) to "START with the id 18446744073709551615, which the client does not open",
            raw(0x10, 5, ByteArray(10)) to "START with the id 5, which is not above 5",
            raw(0x10, 3, ByteArray(10)) to "START with the id 3, which is not above 5",
            raw(0x11, 5, ByteArray(2)) to "REPLY with the id 5, which the client opens itself",
            raw(0x14, 3, ByteArray(4)) to "ERROR with the id 3, which the client opens itself",
            raw(0x11, 10, ByteArray(2)) to "REPLY with the id 10, which nobody has opened",
            raw(0x15, 8, ByteArray(4)) to "CANCEL with the id 8, which the client does not open",
            raw(0x15, 7, ByteArray(4)) to "CANCEL with the id 7, which nobody has opened",
            raw(0x12, 7, ByteArray(1)) to "CHUNK with the id 7, which nobody has opened",
            raw(0x12, 10, ByteArray(1)) to "CHUNK with the id 10, which nobody has opened",
            raw(0x13, 0, ByteArray(8)) to "END with the id 0, which nobody has opened",
            raw(0x16, -2, ByteArray(4)) to "CREDIT with the id 18446744073709551614, which nobody has opened",
        )
        for ((bytes, text) in wrong) greeted().violation(opening(5), bytes.copyOf(16)) shouldBe "ID: $text"
        greetedClient().violation(opening(2), opening(2)) shouldBe "ID: START with the id 2, which is not above 2"
        greetedClient().violation(opening(1)) shouldBe "ID: START with the id 1, which the broker does not open"
        greetedClient().violation(raw(0x11, 9, ByteArray(2))) shouldBe "ID: REPLY with the id 9, which nobody has opened"
        // What has ended, or has never been but is below what has, is nobody's violation.
        greeted().frames(opening(5) + raw(0x12, 3, ByteArray(1)) + raw(0x12, 6, ByteArray(1)) + raw(0x15, 1, ByteArray(4))).size shouldBe 4
    }

    "a payload is as it is to be" {
        val start = "00000001 00000000"
        val wrong = mapOf(
            raw(0x02, 1, "00000003 00000001" + "00".repeat(16)) to "the role 3",
            raw(0x02, 1, "00000001 00000000" + "00".repeat(16)) to "a PROVIDER with the capacity 0",
            raw(0x02, 1, "00000001 ffffffff" + "00".repeat(16)) to "a PROVIDER with the capacity 4294967295",
            raw(0x02, 1, "00000002 00000001" + "00".repeat(16)) to "a CONSUMER with the capacity 1",
            raw(0x10, 1, "$start 0001") to "headers that are not what they say they are",
            raw(0x10, 1, "$start 0001 00 0000 00") to "headers that are not what they say they are",
            raw(0x11, 2, "0001 01 61 0002 62") to "headers that are not what they say they are",
            raw(0x13, 2, "ffffffffffffffff") to "a body of 18446744073709551615 bytes",
            raw(0x14, 2, "80000000") to "the code 2147483648",
            raw(0x14, 2, "00000000 c3") to "a text that is not UTF-8",
            raw(0x16, 2, "00000000") to "a credit of 0",
            raw(0x16, 2, "80000000") to "a credit of 2147483648",
            raw(0x22, 0, "00000000 ff") to "a text that is not UTF-8",
        )
        for ((bytes, text) in wrong) greeted().violation(bytes) shouldBe "MALFORMED: $text"
    }

    "a hello is as it is to be" {
        fun flaw(from: Side, payload: String) = parser(from).violation(raw(0x01, 0, payload))
        flaw(Side.CLIENT, "48575353 0001 0001 0000") shouldBe "MALFORMED: the magic number 48575353"
        flaw(Side.CLIENT, "48575352 0002 0001 0000") shouldBe "MALFORMED: versions from 2 to 1"
        flaw(Side.CLIENT, "48575352 0001 0001 0001") shouldBe "MALFORMED: headers that are not what they say they are"
        flaw(Side.BROKER, "00575352 0001 0000 00004000 00000001 00000001 00000001 0000") shouldBe "MALFORMED: the magic number 00575352"
        flaw(Side.BROKER, "48575352 0001 0009 00004000 00000001 00000001 00000001 0000") shouldBe
            "MALFORMED: HELLO with 9 where there is to be zero"
        flaw(Side.BROKER, "48575352 0001 0000 00003fff 00000001 00000001 00000001 0000") shouldBe "MALFORMED: max_frame 16383"
        flaw(Side.BROKER, "48575352 0001 0000 01000001 00000001 00000001 00000001 0000") shouldBe "MALFORMED: max_frame 16777217"
        flaw(Side.BROKER, "48575352 0001 0000 00004000 00000000 00000001 00000001 0000") shouldBe "MALFORMED: max_headers of 0"
        flaw(Side.BROKER, "48575352 0001 0000 00004000 00000001 80000000 00000001 0000") shouldBe "MALFORMED: window of 2147483648"
        flaw(Side.BROKER, "48575352 0001 0000 00004000 00000001 00000001 00000000 0000") shouldBe "MALFORMED: ping_every of 0"
    }

    "the versions of a hello are unsigned" {
        val hello = parser(Side.CLIENT).frames(raw(0x01, 0, "48575352 0000 ffff 0000")).single() as Frame.ClientHello
        (hello.lowest to hello.highest) shouldBe (0 to 65_535)
    }

    "what came before a violation in the same arrival is told" {
        val frames = mutableListOf<Frame>()
        val violation = shouldThrow<Violation> { parser(Side.CLIENT).feed(bytesOf(clientHello) + opening(1) + opening(1), frames::add) }
        violation.failure.shouldBeInstanceOf<MalformedFrame>()
        frames.map { it.type } shouldBe listOf(FrameType.CLIENT_HELLO, FrameType.START)
    }

    "a stream ends between two frames" {
        fun end(bytes: ByteArray): String? = greeted().let {
            it.frames(bytes)
            shouldThrow<UnexpectedEnd> { it.end() }.message
        }
        greeted().end()
        greeted().also { it.frames(opening(1)) }.end()
        end(opening(1).copyOf(15)) shouldBe "$peer ended the stream after 15 bytes of a header of 16 bytes"
        end(opening(1).copyOf(20)) shouldBe "$peer ended the stream after 4 bytes of 10 that were left of START"
        end(opening(1) + bytesOf(Frame.Chunk(1, body(10_000))).copyOf(16 + 9_000)) shouldBe
            "$peer ended the stream after 0 bytes of 1000 that were left of CHUNK"
        end(raw(0x40, 0, ByteArray(10)).copyOf(20)) shouldBe "$peer ended the stream after 0 bytes of 6 that were left of a frame"
    }
})
