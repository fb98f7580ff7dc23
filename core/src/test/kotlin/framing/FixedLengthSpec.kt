package io.hawser.framing

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe

class FixedLengthSpec : StringSpec({
    "frames follow each other, however they are sliced" {
        FixedLength(3).transcriptOfAnySlices(unhex("010203 040506 07")) shouldBe
            listOf("010203", "040506", "1 bytes of a frame of 3 bytes")
        FixedLength(1).transcriptOfAnySlices(unhex("0102")) shouldBe listOf("01", "02", "end")
    }

    "what is sent is received, if it has the length" {
        FixedLength(2).decode(FixedLength(2).encoded(unhex("0102")))?.hex() shouldBe "0102"
        for (size in listOf(0, 1, 3)) {
            shouldThrow<IllegalArgumentException> { FixedLength(2).encode(ByteArray(size), peer) }.message shouldBe
                "a frame of $size bytes where all have 2"
        }
    }

    "options are checked and told" {
        shouldThrow<IllegalArgumentException> { FixedLength(0) }.message shouldBe "length < 1: 0"
        "${FixedLength(3)}" shouldBe "FixedLength(3 bytes)"
        FixedLength(3) shouldBe FixedLength(3)
        FixedLength(3) shouldNotBe FixedLength(4)
    }
})
