package io.hawser.broker.wire

import io.hawser.MalformedFrame
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

private fun HeaderBlock.bytes(): ByteArray = ByteBuffer.allocate(size).also(::putInto).array()

private fun cut(hex: String): HeaderBlock? = HeaderBlock.cut(ByteBuffer.wrap(unhex(hex)))

class HeaderBlockSpec : StringSpec({
    "what is put in comes out, in order" {
        val samples = listOf(
            emptyMap(),
            mapOf("a" to ""),
            mapOf("z" to "1", "a" to "2", "m" to "3"),
            mapOf("grüße" to "\ud83c\udf7a", "\uffff" to "\u0000"),
            mapOf("n".repeat(255) to "v".repeat(65_535)),
            (1..1_000).associate { "name $it" to "value $it" },
        )
        for (headers in samples) {
            val block = HeaderBlock.of(headers)
            block.read(peer).toList() shouldBe headers.toList()
            // And again.
            block.read(peer) shouldBe headers
            block.bytes().size shouldBe block.size
        }
    }

    "a block has one form" {
        HeaderBlock.of(emptyMap()).bytes().hex() shouldBe "0000"
        HeaderBlock.of(mapOf("a" to "bc", "d" to "")).bytes().hex() shouldBe "0002" + "01" + "61" + "0002" + "6263" + "01" + "64" + "0000"
    }

    "a block is cut from what is behind it" {
        val payload = ByteBuffer.wrap(unhex("ffff 0001 01 61 0001 62 0001 01")).position(2)
        HeaderBlock.cut(payload)?.read(peer) shouldBe mapOf("a" to "b")
        payload.position() shouldBe 9
        payload.remaining() shouldBe 3
    }

    "a block that ends too early, at whichever byte, is none" {
        val whole = "000201610002626301640000"
        cut(whole)?.size shouldBe 12
        for (length in 0 until 12) cut(whole.take(2 * length)) shouldBe null
    }

    "nothing is reserved for what a block says" {
        val claim = ByteBuffer.wrap(unhex("ffff ff"))
        HeaderBlock.cut(claim) shouldBe null
        claim.position() shouldBe 0
    }

    "a name is not empty" {
        cut("0001 00 0000") shouldBe null
    }

    "names and values are UTF-8, and no name is there twice" {
        fun flaw(hex: String) = shouldThrow<MalformedFrame> { checkNotNull(cut(hex)).read(peer) }.message
        flaw("0001 01 ff 0000") shouldBe "$peer sent a malformed frame: a header that is not UTF-8"
        flaw("0001 01 61 0001 c3") shouldBe "$peer sent a malformed frame: a header that is not UTF-8"
        flaw("0002 01 61 0000 01 61 0001 62") shouldBe "$peer sent a malformed frame: the header a twice"
    }

    "what has no form is refused" {
        fun refusal(headers: Map<String, String>) = shouldThrow<IllegalArgumentException> { HeaderBlock.of(headers) }.message
        refusal(mapOf("" to "")) shouldBe "a header without a name"
        refusal(mapOf("ü".repeat(128) to "")) shouldBe "a header's name of 256 bytes, over 255"
        refusal(mapOf("a" to "v".repeat(65_536))) shouldBe "a header's value of 65536 bytes, over 65535"
        refusal((0..65_535).associate { "$it" to "" }) shouldBe "65536 headers, over 65535"
        refusal(mapOf("\ud83c" to "")) shouldBe "the name of a header has half a surrogate pair"
        refusal(mapOf("a" to "\udf7a")) shouldBe "the value of a of a header has half a surrogate pair"
    }
})
