package io.hawser.samples.demo

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import java.nio.ByteBuffer
import kotlin.random.Random

class FingerprintSpec : StringSpec({
    val bytes = Random(7).nextBytes(3_000_000)

    fun fingerprint(bytes: ByteArray, chunk: Int = 65_536): Fingerprint {
        val builder = Fingerprint.Builder()
        for (from in bytes.indices step chunk) builder.add(ByteBuffer.wrap(bytes, from, minOf(chunk, bytes.size - from)))
        return builder.build()
    }

    "it has the SHA-256 that everybody else finds" {
        fingerprint("abc".encodeToByteArray()).sha256 shouldBe "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    }

    "how the bytes were cut makes no difference, also to where a difference is" {
        val wrong = bytes.copyOf().also { it[2_500_000]++ }
        for (chunk in listOf(1_000, 65_536, 1 shl 20, 2_000_001, bytes.size)) {
            fingerprint(bytes, chunk) shouldBe fingerprint(bytes)
            fingerprint(bytes, chunk).difference(fingerprint(wrong)) shouldBe
                "3000000 bytes came back of 3000000, the first wrong one at offset 2097152..2999999"
        }
    }

    "the first of several differences is told" {
        val wrong = bytes.copyOf().also {
            it[1_048_575]++
            it[2_999_999]++
        }
        fingerprint(wrong) shouldNotBe fingerprint(bytes)
        fingerprint(bytes).difference(fingerprint(wrong)) shouldBe
            "3000000 bytes came back of 3000000, the first wrong one at offset 0..1048575"
    }

    "bytes that are missing or too many are not wrong ones" {
        fingerprint(bytes).difference(fingerprint(bytes.copyOf(100))) shouldBe "100 bytes came back of 3000000"
        fingerprint(bytes.copyOf(2_000_000)).difference(fingerprint(bytes)) shouldBe "3000000 bytes came back of 2000000"
    }

    "nothing has a fingerprint too" {
        fingerprint(ByteArray(0)) shouldBe fingerprint(ByteArray(0))
        fingerprint(ByteArray(0)).size shouldBe 0
    }
})
