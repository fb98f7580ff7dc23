package io.hawser.framing

import io.hawser.FrameTooLarge
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.nio.ByteBuffer
import java.nio.ByteOrder.BIG_ENDIAN
import java.nio.ByteOrder.LITTLE_ENDIAN
import kotlin.random.Random

class LengthPrefixSpec : StringSpec({
    fun tooLarge(length: Long, limit: Int = 3) =
        "FrameTooLarge: tcp://peer.example:7 sent a frame of $length bytes over the limit of $limit bytes"

    fun malformed(what: String) = "MalformedFrame: tcp://peer.example:7 sent a malformed frame: $what"

    val one = LengthPrefix(1, maxLength = 3)
    val two = LengthPrefix(2, maxLength = 3)
    val four = LengthPrefix(4, maxLength = 3)
    val little = LengthPrefix(4, maxLength = 3, LITTLE_ENDIAN)
    val inclusive = LengthPrefix(2, maxLength = 3, inclusive = true)
    val varint = LengthPrefix.varint(maxLength = 300)
    val overlong = malformed("a varint that is longer than it need be")
    val overflowing = malformed("a varint of more than 32 bits")

    val cases = listOf(
        Triple(one, "", listOf("end")),
        Triple(one, "00 01aa 03aabbcc", listOf("", "aa", "aabbcc", "end")),
        Triple(one, "02aa", listOf("2 bytes of a frame of 1 + 2 bytes")),
        Triple(one, "04aa", listOf(tooLarge(4), "2 bytes unread")),
        Triple(one, "ff", listOf(tooLarge(255), "1 bytes unread")),
        Triple(two, "0000 0003aabbcc", listOf("", "aabbcc", "end")),
        Triple(two, "00", listOf("1 bytes of a frame")),
        Triple(two, "ffff", listOf(tooLarge(65_535), "2 bytes unread")),
        Triple(four, "00000000 00000001aa 00000003", listOf("", "aa", "4 bytes of a frame of 4 + 3 bytes")),
        Triple(four, "000000", listOf("3 bytes of a frame")),
        Triple(four, "00000004", listOf(tooLarge(4), "4 bytes unread")),
        Triple(four, "7fffffff", listOf(tooLarge(Int.MAX_VALUE.toLong()), "4 bytes unread")),
        Triple(four, "80000000", listOf(tooLarge(2_147_483_648), "4 bytes unread")),
        Triple(four, "ffffffff", listOf(tooLarge(4_294_967_295), "4 bytes unread")),
        Triple(little, "02000000aabb 00000001", listOf("aabb", tooLarge(1 shl 24), "4 bytes unread")),
        Triple(inclusive, "0002 0005aabbcc", listOf("", "aabbcc", "end")),
        Triple(inclusive, "0006aabbccdd", listOf(tooLarge(4), "6 bytes unread")),
        Triple(inclusive, "0001", listOf(malformed("a length of 1 bytes that includes its prefix of 2"), "2 bytes unread")),
        Triple(varint, "00 01aa 0201", listOf("", "aa", "2 bytes of a frame of 1 + 2 bytes")),
        Triple(varint, "ac02", listOf("2 bytes of a frame of 2 + 300 bytes")),
        Triple(varint, "ad02", listOf(tooLarge(301, limit = 300), "2 bytes unread")),
        Triple(varint, "80808080", listOf("4 bytes of a frame")),
        Triple(varint, "ffffffff0f", listOf(tooLarge(4_294_967_295, limit = 300), "5 bytes unread")),
        Triple(varint, "8000", listOf(overlong, "2 bytes unread")),
        Triple(varint, "8100", listOf(overlong, "2 bytes unread")),
        Triple(varint, "8080808000", listOf(overlong, "5 bytes unread")),
        Triple(varint, "ffffffff10", listOf(overflowing, "5 bytes unread")),
        Triple(varint, "ffffffffff", listOf(overflowing, "5 bytes unread")),
        Triple(varint, "8080808080", listOf(overflowing, "5 bytes unread")),
        Triple(LengthPrefix.varint(inclusive = true), "01 02aa", listOf("", "aa", "end")),
        Triple(
            LengthPrefix.varint(inclusive = true),
            "00",
            listOf(malformed("a length of 0 bytes that includes its prefix of 1"), "1 bytes unread"),
        ),
    )
    for ((codec, bytes, transcript) in cases) {
        "$codec takes \"$bytes\" apart, however it is sliced" {
            codec.transcriptOfAnySlices(unhex(bytes)) shouldBe transcript
        }
    }

    val codecs = listOf(BIG_ENDIAN, LITTLE_ENDIAN).flatMap { order ->
        listOf(1, 2, 4).flatMap { bytes -> listOf(false, true).map { LengthPrefix(bytes, order = order, inclusive = it) } }
    } + LengthPrefix.varint() + LengthPrefix.varint(inclusive = true)

    "what is sent is received, up to the limit" {
        val lengths = listOf(
            0, 1, 2, 125, 126, 127, 128, 129, 253, 254, 255, 256, 16_381, 16_382, 16_383, 16_384, 65_533, 65_535, 65_536,
            1 shl 20,
        )
        for (codec in codecs) {
            for (length in lengths + codec.maxLength) {
                val frame = Random(length).nextBytes(length)
                if (length > codec.maxLength) {
                    shouldThrow<FrameTooLarge> { codec.encode(frame, peer) }.message shouldBe
                        "a frame of $length bytes for tcp://peer.example:7 is over the limit of ${codec.maxLength} bytes"
                } else {
                    codec.decode(codec.encoded(frame)).contentEquals(frame) shouldBe true
                }
            }
        }
    }

    "a prefix is split anywhere" {
        for (codec in codecs) codec.transcriptOfAnySlices(codec.encoded(byteArrayOf(), ByteArray(200), byteArrayOf(7))).size shouldBe 4
    }

    "prefixes say what others say" {
        LengthPrefix(4, inclusive = true).encoded(byteArrayOf(9)).hex() shouldBe "0000000509"
        LengthPrefix(2, order = LITTLE_ENDIAN).encoded(ByteArray(258)).hex().take(4) shouldBe "0201"
        LengthPrefix.varint().encoded(ByteArray(300)).hex().take(4) shouldBe "ac02"
        LengthPrefix.varint(inclusive = true).encoded(ByteArray(126)).hex().take(2) shouldBe "7f"
        LengthPrefix.varint(inclusive = true).encoded(ByteArray(127)).hex().take(4) shouldBe "8101"
        Prefix.Varint.sizeOf(Prefix.Varint.max) shouldBe 5
    }

    "the order of a buffer makes no difference, and a large frame is not copied" {
        val bytes = ByteBuffer.wrap(unhex("00000001aa")).order(LITTLE_ENDIAN)
        four.decode(bytes, 0, peer)?.hex() shouldBe "aa"
        val frame = ByteArray(1000)
        LengthPrefix().encode(frame, peer).last().array() shouldBe frame
    }

    val refused = listOf<Pair<String, () -> LengthPrefix>>(
        "a prefix of 1, 2 or 4 bytes, not of 3" to { LengthPrefix(3) },
        "a prefix of 1, 2 or 4 bytes, not of 0" to { LengthPrefix(0, maxLength = 1) },
        "maxLength < 0: -1" to { LengthPrefix(4, maxLength = -1) },
        "maxLength < 0: -2" to { LengthPrefix.varint(maxLength = -2) },
        "a prefix of 1 byte cannot say maxLength: 256" to { LengthPrefix(1, maxLength = 256) },
        "a prefix of 2 bytes, big-endian cannot say maxLength: 65536" to { LengthPrefix(2, maxLength = 65_536) },
    )
    for ((text, make) in refused) {
        "refused: $text" { shouldThrow<IllegalArgumentException> { make() }.message shouldBe text }
    }

    "options are told, and make codecs equal" {
        "${LengthPrefix()}" shouldBe "LengthPrefix(4 bytes, big-endian, up to 1048576 bytes)"
        "${LengthPrefix(2, order = LITTLE_ENDIAN, inclusive = true)}" shouldBe
            "LengthPrefix(2 bytes, little-endian, inclusive, up to 65533 bytes)"
        "${LengthPrefix(1)}" shouldBe "LengthPrefix(1 byte, up to 255 bytes)"
        "${LengthPrefix.varint(7)}" shouldBe "LengthPrefix(varint, up to 7 bytes)"
        LengthPrefix(4, Int.MAX_VALUE).maxLength shouldBe Int.MAX_VALUE
        LengthPrefix(1, order = LITTLE_ENDIAN) shouldBe LengthPrefix(1)
        setOf(LengthPrefix(), LengthPrefix(4), LengthPrefix.varint()).shouldContainExactly(LengthPrefix(), LengthPrefix.varint())
        LengthPrefix(4, 9) shouldNotBe LengthPrefix(4, 9, inclusive = true)
        LengthPrefix(4, 9) shouldNotBe LengthPrefix(4, 9, LITTLE_ENDIAN)
    }
})
