package io.hawser.broker.wire

import io.hawser.broker.Role
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe

class FrameWriterSpec : StringSpec({
    "each frame has the bytes that the protocol says" {
        val headers = HeaderBlock.of(mapOf("a" to "b"))
        val a = "0001 01 61 0001 62"
        val expected = mapOf(
            Frame.ClientHello(1, 0xffff, headers) to raw(0x01, 0, "48575352 0001 ffff $a"),
            Frame.BrokerHello(1, 65_536, 8_192, 262_144, 15_000, headers) to
                raw(0x01, 0, "48575352 0001 0000 00010000 00002000 00040000 00003a98 $a"),
            Frame.Register(9, Role.PROVIDER, channel, 3, unhex("cafe")) to
                raw(0x02, 9, "00000001 00000003 00112233445566778899aabbccddeeff cafe"),
            Frame.Register(0xffff_ffff, Role.CONSUMER, channel, 0, ByteArray(0)) to
                raw(0x02, 0xffff_ffff, "00000002 00000000 00112233445566778899aabbccddeeff"),
            Frame.Registered(9, 5, Text.of("no")) to raw(0x03, 9, "00000005 6e6f"),
            Frame.Start(1, 0x0a, 0xffff_ffff, 0xffff_fffe, headers, body("x")) to raw(0x10, 1, "ffffffff fffffffe $a 78", flags = 0x0a),
            Frame.Reply(1, 1, headers, body("x")) to raw(0x11, 1, "$a 78", flags = 1),
            Frame.Chunk(1, body("xyz")) to raw(0x12, 1, "78797a"),
            Frame.End(1, 258) to raw(0x13, 1, "0000000000000102"),
            Frame.Error(1, 1, 258, Text.of("ü")) to raw(0x14, 1, "00000102 c3bc", flags = 1),
            Frame.Cancel(1, 3) to raw(0x15, 1, "00000003"),
            Frame.Credit(1, 258) to raw(0x16, 1, "00000102"),
            Frame.Ping(-2) to raw(0x20, 0, "fffffffffffffffe"),
            Frame.Pong(3) to raw(0x21, 0, "0000000000000003"),
            Frame.GoAway(32, Text.of("speaks 1 to 1")) to raw(0x22, 0, unhex("00000020") + "speaks 1 to 1".toByteArray()),
        )
        expected.keys.map { it.type }.toSet() shouldBe FrameType.entries.toSet()
        for ((frame, bytes) in expected) {
            bytesOf(frame).hex() shouldBe bytes.hex()
            frame.length shouldBe bytes.size - 16
        }
    }

    "what is small is in one exact array, and large bodies are as they are" {
        val small = body(4_096)
        val large = body(4_097)
        val frames = listOf(Frame.Ping(1), Frame.Chunk(1, small), start(3, large), Frame.Chunk(5, large), Frame.Ping(2))
        val pieces = FrameWriter.encode(frames)
        pieces.map { it.remaining() } shouldBe listOf(24 + 16 + 4_096 + 26, 4_097, 16, 4_097, 24)
        (pieces[1].array() === large.array()) shouldBe true
        listOf(2, 4).all { pieces[it].array() === pieces[0].array() } shouldBe true
        pieces[0].array().size shouldBe 24 + 16 + 4_096 + 26 + 16 + 24
        bytesOf(pieces).hex() shouldBe frames.joinToString("") { bytesOf(it).hex() }
    }

    "frames can be written any number of times" {
        val frame = Frame.Chunk(1, body(10_000))
        bytesOf(frame).hex() shouldBe bytesOf(frame).hex()
        frame.body.remaining() shouldBe 10_000
    }

    "nothing is nothing" {
        FrameWriter.encode(emptyList()).toList().shouldBeEmpty()
    }

    "a text is cut between two code points" {
        fun cut(words: String) = Text.of(words).let { it.size to it.toString() }
        cut("a".repeat(1_024)) shouldBe (1_024 to "a".repeat(1_024))
        cut("a".repeat(1_025)) shouldBe (1_024 to "a".repeat(1_024))
        cut("a" + "ü".repeat(600)) shouldBe (1_023 to "a" + "ü".repeat(511))
        cut("aa" + "\ud83c\udf7a".repeat(300)) shouldBe (1_022 to "aa" + "\ud83c\udf7a".repeat(255))
        cut("half \ud83c") shouldBe (6 to "half ?")
    }

    "codes that are not known are the others of their family" {
        for (code in Code.entries) Code.of(code.number) shouldBe code
        Code.of(31) shouldBe Code.OVERLOADED
        Code.of(47) shouldBe Code.MALFORMED
        for (number in listOf(8, 15, 48, Int.MAX_VALUE)) Code.of(number) shouldBe Code.PROVIDER_LOST
    }
})
