package io.hawser.framing

import io.hawser.FrameTooLarge
import io.hawser.framing.Lines.Ending.CRLF
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.nio.ByteBuffer
import kotlin.random.Random

class LinesSpec : StringSpec({
    val tooLarge = "FrameTooLarge: tcp://peer.example:7 sent a line over the limit of 3 bytes"
    val malformed = "MalformedFrame: tcp://peer.example:7 sent a malformed frame:"
    val bareLineFeed = "$malformed a line feed without a carriage return before it"
    val bareReturn = "$malformed a carriage return without a line feed behind it"

    val cases = listOf(
        Triple(Lines(), "", listOf("end")),
        Triple(Lines(), "a\nbc\r\n", listOf("\"a\"", "\"bc\"", "end")),
        Triple(Lines(), "\n\r\n\n", listOf("\"\"", "\"\"", "\"\"", "end")),
        Triple(Lines(), "a\rb\r\r\n", listOf("\"a\rb\r\"", "end")),
        Triple(Lines(), "grüße €😀\nx", listOf("\"grüße €😀\"", "1 bytes of a line")),
        Triple(Lines(), "a\r", listOf("2 bytes of a line")),
        Triple(Lines(3), "abc\nabc\r\nabcd\nx", listOf("\"abc\"", "\"abc\"", tooLarge, "6 bytes unread")),
        Triple(Lines(3), "abcd", listOf(tooLarge, "4 bytes unread")),
        Triple(Lines(3), "abc\r", listOf("4 bytes of a line")),
        Triple(Lines(3), "abc\rx", listOf(tooLarge, "5 bytes unread")),
        Triple(Lines(3), "abc\r\r\n", listOf(tooLarge, "6 bytes unread")),
        Triple(Lines(3), "€\n€x", listOf("\"€\"", tooLarge, "4 bytes unread")),
        Triple(Lines(0), "\n\r\n", listOf("\"\"", "\"\"", "end")),
        Triple(Lines(Int.MAX_VALUE), "a\n", listOf("\"a\"", "end")),
        Triple(Lines(ending = CRLF), "a\r\n\r\nb", listOf("\"a\"", "\"\"", "1 bytes of a line")),
        Triple(Lines(ending = CRLF), "a\r", listOf("2 bytes of a line")),
        Triple(Lines(ending = CRLF), "a\r\nb\nc\r\n", listOf("\"a\"", bareLineFeed, "5 bytes unread")),
        Triple(Lines(ending = CRLF), "\n", listOf(bareLineFeed, "1 bytes unread")),
        Triple(Lines(ending = CRLF), "a\rb\r\n", listOf(bareReturn, "5 bytes unread")),
        Triple(Lines(ending = CRLF), "a\r\r\n", listOf(bareReturn, "4 bytes unread")),
        Triple(Lines(3, CRLF), "abc\r\nabcd\r\n", listOf("\"abc\"", tooLarge, "6 bytes unread")),
        Triple(Lines(3, CRLF), "abcd\n", listOf(tooLarge, "5 bytes unread")),
        Triple(Lines(3, CRLF), "abc\n", listOf(bareLineFeed, "4 bytes unread")),
        Triple(Lines(0, CRLF), "\r\n", listOf("\"\"", "end")),
    )
    for ((codec, text, transcript) in cases) {
        "$codec takes ${text.map { if (it < ' ') "%02x".format(it.code) else "$it" }.joinToString("")} apart, however it is sliced" {
            codec.transcriptOfAnySlices(text.toByteArray()) shouldBe transcript
        }
    }

    val invalid = listOf("80", "c3", "c328", "c0af", "e28228", "eda080", "f4908080", "fff8", "61c3")
    for (bytes in invalid) {
        "a line of $bytes is no UTF-8, and the next one is taken" {
            for (codec in listOf(Lines(), Lines(ending = CRLF))) {
                val stream = unhex(bytes) + "\r\nnext\r\n".toByteArray()
                codec.transcriptOfAnySlices(stream) shouldBe listOf("$malformed a line that is not UTF-8", "\"next\"", "end")
            }
        }
    }

    "a line of replacement characters is a line" {
        Lines().transcriptOfAnySlices("\uFFFD!\n".toByteArray()) shouldBe listOf("\"\uFFFD!\"", "end")
    }

    "a line is the same from the heap and from elsewhere, and from the middle of a buffer" {
        val line = "x\ngrüße\ny".toByteArray()
        for (buffer in listOf(
            ByteBuffer.wrap(line),
            ByteBuffer.allocateDirect(line.size).put(line).flip(),
            ByteBuffer.wrap(line).asReadOnlyBuffer(),
        )) {
            buffer.position(2)
            Lines().decode(buffer, 0, peer) shouldBe "grüße"
            Lines().decode(buffer, 0, peer) shouldBe null
            buffer.remaining() shouldBe 1
        }
        val part = ByteBuffer.wrap("..abc\n..".toByteArray(), 2, 4).slice()
        Lines().decode(part, 0, peer) shouldBe "abc"
    }

    "what has been seen is not looked at again" {
        // Where a line feed is overlooked nobody looks.
        Lines().decode("a\nb".toByteArray(), seen = 2) shouldBe null
        Lines(ending = CRLF).decode("a\r\nb".toByteArray(), seen = 4) shouldBe null
    }

    val refused = listOf(
        Triple(Lines(), "a\nb", "a line with \\n at 1: \"a\\nb\""),
        Triple(Lines(), "a\r\nb", "a line with \\n at 2: \"a\\r\\nb\""),
        Triple(Lines(), "a\r", "a line with \\r at 1: \"a\\r\""),
        Triple(Lines(ending = CRLF), "a\rb", "a line with \\r at 1: \"a\\rb\""),
        Triple(Lines(ending = CRLF), "\n", "a line with \\n at 0: \"\\n\""),
        Triple(Lines(), "x\uD83D", "a line with \\ud83d at 1: \"x\\ud83d\""),
        Triple(Lines(), "\uDE00x", "a line with \\ude00 at 0: \"\\ude00x\""),
        Triple(Lines(), "\uD83D\uD83D\uDE00", "a line with \\ud83d at 0: \"\\ud83d\\ud83d\\ude00\""),
        Triple(Lines(), "x".repeat(200) + "\n", "a line with \\n at 200: \"${"x".repeat(100)}...\""),
    )
    for ((codec, line, text) in refused) {
        "$codec refuses to send $text" {
            shouldThrow<IllegalArgumentException> { codec.encode(line, peer) }.message shouldBe text
        }
    }

    "a line that is too long to be sent is refused" {
        val failure = shouldThrow<FrameTooLarge> { Lines(3).encode("a€", peer) }
        failure.message shouldBe "a line of 4 bytes for tcp://peer.example:7 is over the limit of 3 bytes"
        failure.limit shouldBe 3
        Lines(3).encoded("€") shouldBe "€\n".toByteArray()
    }

    "what is sent is received" {
        val random = Random(1)
        val alphabet = listOf("a", "\r", "\t", "ü", "€", "😀", "\u0000", "\u2028", "\uFFFD")
        repeat(1_000) {
            val line = List(random.nextInt(20)) { alphabet.random(random) }.joinToString("")
            if (!line.endsWith('\r')) Lines().decode(Lines().encoded(line)) shouldBe line
            val strict = line.replace("\r", "")
            Lines(ending = CRLF).decode(Lines(ending = CRLF).encoded(strict)) shouldBe strict
        }
    }

    "options are checked and told" {
        shouldThrow<IllegalArgumentException> { Lines(-1) }.message shouldBe "maxLength < 0: -1"
        "${Lines()}" shouldBe "Lines(LF, up to 65536 bytes)"
        "${Lines(10, CRLF)}" shouldBe "Lines(CRLF, up to 10 bytes)"
        setOf(Lines(), Lines(65_536), Lines(1), Lines(1, CRLF)).shouldContainExactly(Lines(), Lines(1), Lines(1, CRLF))
        Lines(1) shouldNotBe Lines(1, CRLF)
    }
})
