package io.hawser.samples.hub

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

class InputLinesSpec : StringSpec({
    /** What is sent, and what is told, of [bytes] that come in pieces of [size]. */
    suspend fun lines(bytes: ByteArray, size: Int): Pair<List<Map<String, Any?>>, List<String>> {
        val source = ByteBuffer.wrap(bytes)
        val sent = mutableListOf<Map<String, Any?>>()
        val told = mutableListOf<String>()
        val read: suspend (ByteBuffer) -> Boolean = { target ->
            val piece = ByteArray(minOf(size, source.remaining())).also { source.get(it) }
            target.put(piece)
            piece.isNotEmpty()
        }
        InputLines(read, told::add).sendAll(sent::add) shouldBe told.size.toLong()
        return sent to told
    }

    "lines are what ends with a line feed, whichever way they come" {
        for (size in listOf(1, 2, 3, 1000)) {
            lines("{\"a\":1}\r\n\nlöng\nlast".toByteArray(), size) shouldBe
                (listOf(mapOf("a" to 1L), mapOf("text" to ""), mapOf("text" to "löng"), mapOf("text" to "last")) to emptyList())
        }
        lines(ByteArray(0), 1) shouldBe (emptyList<Map<String, Any?>>() to emptyList())
    }

    "a line that cannot be sent is told, and the next one is sent" {
        val bytes = "a\n{\"b\":1e999}\n".toByteArray() + byteArrayOf(-1, '\n'.code.toByte()) + "c".toByteArray()
        lines(bytes, 2) shouldBe (
            listOf(mapOf("text" to "a"), mapOf("text" to "c")) to listOf(
                "hawser: line 2 is not sent: too large for 64 bits: 1e999",
                "hawser: line 3 is not sent: it is not UTF-8",
            )
            )
    }

    "a line may have a mebibyte, and its end beside that" {
        val longest = "x".repeat(LONGEST_LINE)
        lines("$longest\r\n$longest\n$longest".toByteArray(), 60_000) shouldBe (List(3) { mapOf("text" to longest) } to emptyList())
        lines("${longest}y\nz\n${longest}yy\r\n${longest}y".toByteArray(), 60_000) shouldBe (
            listOf(mapOf("text" to "z")) to
                listOf(1, 3, 4).map { "hawser: line $it is not sent: it has more than 1048576 bytes" }
            )
    }
})
