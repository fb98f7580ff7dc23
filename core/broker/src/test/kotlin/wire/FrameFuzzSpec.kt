package io.hawser.broker.wire

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlin.random.Random

private const val INPUTS = 20_000

/** What a failure takes, with its text and its trace. */
private const val FAILURE = 32L shl 10

/** What a byte can need: it may come alone. */
private const val PER_BYTE = 200L

private val telling = byteArrayOf(0, 1, 2, 4, 7, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x20, 0x22, 0x40, 0x7f, -0x80, -1)

private fun Random.mutated(bytes: ByteArray): ByteArray {
    var all = bytes
    repeat(nextInt(4)) {
        val at = nextInt(all.size)
        val end = minOf(all.size, at + nextInt(40))
        all = when (nextInt(6)) {
            0 -> all.copyOf().also { it[at] = telling.random(this) }
            1 -> all.copyOf().also { it[at] = (it[at].toInt() xor (1 shl nextInt(8))).toByte() }
            2 -> all.copyOf(maxOf(1, at))
            3 -> all.copyOfRange(0, end) + all.copyOfRange(at, all.size)
            4 -> all.copyOfRange(0, at) + all.copyOfRange(end, all.size) + telling.random(this)
            else -> all.copyOfRange(0, at) + nextBytes(nextInt(5)) + all.copyOfRange(at, all.size)
        }
    }
    return all
}

/** The frames that come of [bytes], and the violation behind them; nothing else is caught. */
private fun outcome(from: Side, bytes: ByteArray, size: () -> Int = { bytes.size }): Pair<List<Frame>, String?> {
    val frames = mutableListOf<Frame>()
    val parser = parser(from)
    var at = 0
    try {
        while (at < bytes.size) {
            val end = minOf(bytes.size, at + size())
            parser.feed(bytes.copyOfRange(at, end), frames::add)
            at = end
        }
    } catch (e: Violation) {
        return frames to e.message
    }
    return frames to null
}

class FrameFuzzSpec : StringSpec({
    "whatever comes, in whatever pieces, is the same frames and the same violation, and reserves in proportion" {
        val random = Random(20_261_122)
        val counts = mutableMapOf<String, Int>()
        repeat(INPUTS) { round ->
            val from = Side.entries.random(random)
            val samples = if (from == Side.CLIENT) fromClient else fromBroker
            val chosen = listOf(samples.first()) + samples.drop(1).filter { random.nextBoolean() }
            val bytes = random.mutated(bytesOf(chosen))
            withClue({ "round $round, from $from: ${bytes.hex()}" }) {
                val bound = FAILURE + PER_BYTE * bytes.size
                // The first of a kind also has the JVM make what puts its text together.
                if (allocatedBy { outcome(from, bytes) } > bound) allocatedBy { outcome(from, bytes) } shouldBeLessThan bound
                val (frames, violation) = outcome(from, bytes)
                val (other, otherViolation) = outcome(from, bytes) { if (round % 2 == 0) 1 else random.nextInt(1, 40) }
                otherViolation shouldBe violation
                bytesOf(other).hex() shouldBe bytesOf(frames).hex()
                // What is understood is written as it may be read.
                val again = outcome(from, bytesOf(frames))
                again.second shouldBe null
                bytesOf(again.first).hex() shouldBe bytesOf(frames).hex()
                for (frame in frames) counts.merge(frame.type.name, 1, Int::plus)
                counts.merge(if (violation == null) "no violation" else "violation", 1, Int::plus)
            }
        }
        // Each of them often enough to mean something.
        for (kind in FrameType.entries.map { it.name } + listOf("violation", "no violation")) {
            withClue("$kind in $counts") { (counts.getOrDefault(kind, 0) > INPUTS / 100) shouldBe true }
        }
    }

    "bodies come whole, in whatever pieces" {
        val random = Random(42)
        repeat(300) {
            val sizes = List(random.nextInt(1, 6)) { if (random.nextBoolean()) random.nextInt(1, 200) else random.nextInt(1, 60_000) }
            val bytes =
                bytesOf(listOf(clientHello, start(1, body(0))) + sizes.mapIndexed { seed, size -> Frame.Chunk(1, body(size, seed)) })
            val all = sizes.foldIndexed(ByteArray(0)) { seed, sum, size -> sum + body(size, seed).content() }
            val most = listOf(2, 100, 5_000, 70_000).random(random)
            val (frames, violation) = outcome(Side.CLIENT, bytes) { random.nextInt(1, most) }
            violation shouldBe null
            frames.drop(2).fold(ByteArray(0)) { sum, frame -> sum + frame.body.content() }.contentEquals(all) shouldBe true
            // Only ends of CHUNKs are smaller.
            (frames.drop(2).count { it.body.remaining() < 4096 } <= sizes.size) shouldBe true
        }
    }
})
