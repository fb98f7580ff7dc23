package io.hawser.messaging

import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import kotlin.random.Random

private const val INPUTS = 200_000

/** What a failure takes, with its text and its trace. */
private const val FAILURE = 32L shl 10

/** What a byte can need: a map of one key in three of them is the worst. */
private const val PER_BYTE = 150L

/** The first bytes of all kinds of values, and what comes before and behind the limits of lengths. */
private val telling = ByteArray(0x60) { (0x80 + it).toByte() } + byteArrayOf(0, 1, 0x1f, 0x20, 0x61, 0x7f, -1)

private fun Random.mutated(bytes: ByteArray): ByteArray {
    var all = bytes
    repeat(nextInt(1, 5)) {
        val at = nextInt(all.size)
        val end = minOf(all.size, at + nextInt(12))
        all = when (nextInt(6)) {
            0 -> all.copyOf().also { it[at] = telling.random(this) }
            1 -> all.copyOf().also { it[at] = (it[at].toInt() xor (1 shl nextInt(8))).toByte() }
            2 -> all.copyOf(maxOf(1, at))
            3 -> all.copyOfRange(0, end) + all.copyOfRange(at, all.size)
            4 -> all.copyOfRange(0, at) + all.copyOfRange(end, all.size) + telling.random(this)
            else -> all.copyOfRange(0, at) + telling.random(this) + nextBytes(nextInt(5)) + all.copyOfRange(at, all.size)
        }
    }
    return all
}

/** A message, null for a part of one, or the failure; nothing else is caught. */
private fun MessageCodec.outcome(bytes: ByteArray): Any? = try {
    decode(bytes)
} catch (e: MalformedFrame) {
    e
} catch (e: FrameTooLarge) {
    e
}

class MessageFuzzSpec : StringSpec({
    val codec = MessageCodec()

    "whatever is received is a message, a part of one, or a failure of the protocol, and reserves no more than in proportion" {
        val random = Random(20_261_122)
        val valid = List(200) { codec.bytes(random.message()) }.filter { it.size < 2_000 }
        val outcomes = mutableMapOf<String, Int>()
        repeat(INPUTS) { round ->
            val mutated = random.mutated(valid.random(random))
            // With a length that is right there is more to find behind it.
            val bytes = if (random.nextInt(4) > 0 && mutated.size > 4) framed(mutated.copyOfRange(4, mutated.size)) else mutated
            withClue({ "round $round: ${bytes.hex()}" }) {
                val bound = FAILURE + PER_BYTE * bytes.size
                // The first of a kind also has the JVM make what puts its text together.
                if (allocatedBy { codec.outcome(bytes) } > bound) allocatedBy { codec.outcome(bytes) } shouldBeLessThan bound
                val outcome = codec.outcome(bytes)
                if (outcome is Message) codec.decode(codec.bytes(outcome)) shouldBe outcome
                outcomes.merge(outcome?.javaClass?.simpleName ?: "a part", 1, Int::plus)
            }
        }
        // Each of them often enough to mean something.
        for (kind in listOf("Message", "MalformedFrame", "FrameTooLarge", "a part")) {
            withClue("$kind in $outcomes") { (outcomes.getOrDefault(kind, 0) > INPUTS / 1_000) shouldBe true }
        }
    }

    "what is sent is received" {
        val random = Random(42)
        repeat(2_000) {
            val message = random.message()
            val bytes = codec.bytes(message)
            val received = codec.decode(bytes)
            received shouldBe message
            received.hashCode() shouldBe message.hashCode()
            codec.bytes(checkNotNull(received)).contentEquals(bytes) shouldBe true
            message shouldNotBe random.message()
        }
    }
})
