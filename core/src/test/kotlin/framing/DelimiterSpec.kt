package io.hawser.framing

import io.hawser.FrameTooLarge
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import kotlin.random.Random

class DelimiterSpec : StringSpec({
    val tooLarge = "FrameTooLarge: tcp://peer.example:7 sent a frame over the limit of 3 bytes"
    val cases = listOf(
        Triple("00", "", listOf("end")),
        Triple("00", "01020003", listOf("0102", "1 bytes of a frame")),
        Triple("00", "0000", listOf("", "", "end")),
        Triple("0d0a", "010d0a0d0a0d", listOf("01", "", "1 bytes of a frame")),
        Triple("0d0a", "0d0d0a", listOf("0d", "end")),
        Triple("0d0a", "0102030d0a", listOf("010203", "end")),
        Triple("0d0a", "0102030d", listOf("4 bytes of a frame")),
        Triple("0d0a", "010203040d0a", listOf(tooLarge, "6 bytes unread")),
        Triple("0d0a", "01020304", listOf("4 bytes of a frame")),
        Triple("0d0a", "0102030405", listOf(tooLarge, "5 bytes unread")),
        Triple("0d0a", "010d0a0102030405", listOf("01", tooLarge, "5 bytes unread")),
        Triple("aaab", "aaaaab", listOf("aa", "end")),
        Triple("aabbaacc", "aabbaabbaacc", listOf("aabb", "end")),
    )
    for ((delimiter, bytes, transcript) in cases) {
        "\"$bytes\" is taken apart at $delimiter, however it is sliced" {
            Delimiter(unhex(delimiter), maxLength = 3).transcriptOfAnySlices(unhex(bytes)) shouldBe transcript
        }
    }

    "what has been seen is not looked at again, but for the beginning of a delimiter" {
        val codec = Delimiter(unhex("0d0a"))
        codec.decode(unhex("010d0a02"), seen = 3) shouldBe null
        codec.decode(unhex("010d0a02"), seen = 2)?.hex() shouldBe "01"
    }

    val refused = listOf(
        Triple("00", "0100", "the delimiter 00 would end a frame of 2 bytes at 1"),
        Triple("0d0a", "0d0a", "the delimiter 0d0a would end a frame of 2 bytes at 0"),
        Triple("0a0a", "010a", "the delimiter 0a0a would end a frame of 2 bytes at 1"),
        Triple("aabbaabb", "01aabb", "the delimiter aabbaabb would end a frame of 3 bytes at 1"),
    )
    for ((delimiter, frame, text) in refused) {
        "$frame is not sent: $text" {
            shouldThrow<IllegalArgumentException> { Delimiter(unhex(delimiter)).encode(unhex(frame), peer) }.message shouldBe text
        }
    }

    "a frame that is too long to be sent is refused" {
        shouldThrow<FrameTooLarge> { Delimiter(unhex("00"), 3).encode(ByteArray(4) { 1 }, peer) }.message shouldBe
            "a frame of 4 bytes for tcp://peer.example:7 is over the limit of 3 bytes"
    }

    "what is sent is received, and what would not be is refused" {
        val random = Random(2)
        repeat(20_000) {
            val codec = Delimiter(ByteArray(random.nextInt(1, 5)) { random.nextInt(2).toByte() })
            val frame = ByteArray(random.nextInt(8)) { random.nextInt(2).toByte() }
            val bytes = runCatching { codec.encoded(frame) }.getOrNull()
            if (bytes != null) {
                codec.transcript(bytes) shouldBe listOf(frame.hex(), "end")
            } else {
                val delimiter = codec.encoded(ByteArray(0))
                codec.transcript(frame + delimiter) shouldNotBe listOf(frame.hex(), "end")
            }
        }
    }

    "options are checked and told, and belong to the codec" {
        shouldThrow<IllegalArgumentException> { Delimiter(ByteArray(0)) }.message shouldBe "an empty delimiter"
        shouldThrow<IllegalArgumentException> { Delimiter(ByteArray(1), maxLength = -1) }.message shouldBe "maxLength < 0: -1"
        val bytes = unhex("0d0a")
        val codec = Delimiter(bytes, 10)
        bytes[0] = 1
        codec.encode(ByteArray(0), peer).last().isReadOnly shouldBe true
        "$codec" shouldBe "Delimiter(0d0a, up to 10 bytes)"
        "${Delimiter(ByteArray(1))}" shouldBe "Delimiter(00, up to 65536 bytes)"
        setOf(codec, Delimiter(unhex("0d0a"), 10), Delimiter(unhex("0d0a"))).shouldContainExactly(codec, Delimiter(unhex("0d0a")))
    }
})
