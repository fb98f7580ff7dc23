package io.hawser.framing

import com.sun.management.ThreadMXBean
import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.random.Random

private const val INPUTS = 60_000

/** Far more than what little comes in can need, and far less than what it can claim. */
private const val MODEST = 1L shl 20

private val codecs = listOf<FrameCodec<*>>(
    Lines(),
    Lines(5),
    Lines(ending = Lines.Ending.CRLF),
    Lines(5, Lines.Ending.CRLF),
    Delimiter(byteArrayOf(0)),
    Delimiter(byteArrayOf(13, 10), 5),
    Delimiter(byteArrayOf(13, 13, 10)),
    LengthPrefix(1),
    LengthPrefix(2, maxLength = 7),
    LengthPrefix(2, order = ByteOrder.LITTLE_ENDIAN, inclusive = true),
    LengthPrefix(4, Int.MAX_VALUE),
    LengthPrefix(4, 5, ByteOrder.LITTLE_ENDIAN),
    LengthPrefix.varint(Int.MAX_VALUE),
    LengthPrefix.varint(9, inclusive = true),
    FixedLength(3),
    FixedLength(Int.MAX_VALUE),
    Lines().map<Int>({ it.toInt() }, { "$it" }),
)

/** Bytes that mean something to some codec. */
private val telling = byteArrayOf(0, 1, 2, 3, 10, 13, 49, 0x7f, -128, -127, -62, -17, -1)

private val valid = listOf(
    Lines(ending = Lines.Ending.CRLF).encoded("12", "", "grüße", "3"),
    LengthPrefix(2).encoded(byteArrayOf(), byteArrayOf(13, 10), ByteArray(7)),
    LengthPrefix(4).encoded(byteArrayOf(1), ByteArray(5)),
    LengthPrefix.varint().encoded(ByteArray(3), ByteArray(200)),
)

private fun Random.input(): ByteArray = when (nextInt(3)) {
    0 -> nextBytes(nextInt(30))
    1 -> ByteArray(nextInt(30)) { telling.random(this) }
    else -> mutated(valid.random(this))
}

private fun Random.mutated(bytes: ByteArray): ByteArray {
    var all = bytes
    repeat(nextInt(1, 4)) {
        val at = nextInt(all.size)
        val end = nextInt(at, all.size)
        all = when (nextInt(4)) {
            0 -> all.copyOf().also { it[at] = telling.random(this) }
            1 -> all.copyOf(maxOf(1, at))
            2 -> all.copyOfRange(0, end) + all.copyOfRange(at, all.size)
            else -> all.copyOfRange(0, at) + telling.random(this) + all.copyOfRange(at, all.size)
        }
    }
    return all
}

class FuzzSpec : StringSpec({
    val memory = ManagementFactory.getThreadMXBean() as ThreadMXBean

    fun allocatedBy(block: () -> Unit): Long {
        val before = memory.currentThreadAllocatedBytes
        block()
        return memory.currentThreadAllocatedBytes - before
    }

    "whatever comes, in whatever slices, is the same frames and the same failure, and reserves little" {
        val seed = Random.nextLong()
        val random = Random(seed)
        repeat(INPUTS) {
            val codec = codecs.random(random)
            val bytes = random.input()
            withClue("$codec for ${bytes.hex()}, seed $seed") {
                lateinit var whole: List<String>
                allocatedBy { whole = codec.transcript(bytes) } shouldBeLessThan MODEST
                codec.transcript(bytes) { 1 } shouldBe whole
                codec.transcript(bytes) { random.nextInt(1, 9) } shouldBe whole
            }
        }
    }

    "a length of two gigabytes reserves nothing" {
        val claims = listOf(
            LengthPrefix(4, Int.MAX_VALUE) to unhex("7fffffff 00"),
            LengthPrefix.varint(Int.MAX_VALUE) to unhex("ffffffff07 00"),
            FixedLength(Int.MAX_VALUE) to unhex("00"),
        )
        for ((codec, bytes) in claims) {
            codec.decode(bytes) shouldBe null
            allocatedBy { repeat(100) { codec.transcript(bytes) { 1 } } } shouldBeLessThan MODEST
        }
        shouldThrow<FrameTooLarge> { LengthPrefix(4, Int.MAX_VALUE).decode(unhex("80000000")) }
    }

    "a line of a mebibyte that comes byte by byte is looked at once, and held in memory of its size" {
        val length = 1 shl 20
        var looked = 0L
        val counting = object : FrameCodec<String> by Lines(length) {
            override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): String? {
                looked += bytes.remaining() - seen
                return Lines(length).decode(bytes, seen, peer)
            }
        }
        val stream = ByteArray(length + 1) { 'x'.code.toByte() }.also { it[length] = 10 }
        lateinit var transcript: List<String>
        allocatedBy { transcript = counting.transcript(stream) { 1 } } shouldBeLessThan 100L * length
        transcript shouldBe listOf("\"${"x".repeat(length)}\"", "end")
        looked shouldBe length + 1L
    }
})
