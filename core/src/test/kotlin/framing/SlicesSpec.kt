package io.hawser.framing

import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteOrder
import kotlin.random.Random

private const val SLICES = 10_000_000L

/** A codec and how to make frames for it. */
private class Sample<T : Any>(val codec: FrameCodec<T>, val frame: Random.() -> T)

private fun Random.bytes(max: Int = 300) = nextBytes(if (nextInt(4) == 0) nextInt(max) else nextInt(minOf(max, 12)))

private val samples = listOf(
    Sample(Lines()) { List(nextInt(20)) { listOf("a", "ü", "€", "😀", "\t").random(this) }.joinToString("") },
    Sample(Lines(ending = Lines.Ending.CRLF)) { "x".repeat(nextInt(100)) },
    Sample(Delimiter(byteArrayOf(1, 1, 2))) { ByteArray(nextInt(40)) { nextInt(2).toByte() } },
    Sample(LengthPrefix(1)) { bytes(255) },
    Sample(LengthPrefix(2, order = ByteOrder.LITTLE_ENDIAN)) { bytes() },
    Sample(LengthPrefix(4, inclusive = true)) { bytes() },
    Sample(LengthPrefix.varint()) { bytes() },
    Sample(LengthPrefix.varint(inclusive = true)) { bytes() },
    Sample(FixedLength(13)) { nextBytes(13) },
    Sample(LengthPrefix().map<String>({ it.decodeToString() }, { it.encodeToByteArray() })) { "€".repeat(nextInt(30)) },
)

@OptIn(TransportApi::class)
class SlicesSpec : StringSpec({
    "ten million random slices decode the same" {
        var slices = 0L
        while (slices < SLICES) {
            for (sample in samples) {
                val seed = Random.nextLong()
                withClue("${sample.codec}, seed $seed") { slices += sample.decodeSlices(Random(seed)) }
            }
        }
    }
})

/** Returns how many slices they were. */
@OptIn(TransportApi::class)
private fun <T : Any> Sample<T>.decodeSlices(random: Random): Int {
    val frames = List(200) { random.frame() }
    val stream = frames.map { codec.encoded(it) }.let { parts ->
        ByteArray(parts.sumOf { it.size }).also { all -> parts.fold(0) { at, part -> part.copyInto(all, at).let { at + part.size } } }
    }
    var next = 0
    val receiver = Receiver(codec, Buffers(1 shl random.nextInt(12))) { heard ->
        val frame = frames[next++]
        val same = if (frame is ByteArray) heard is ByteArray && heard.contentEquals(frame) else heard == frame
        if (!same) throw AssertionError("frame ${next - 1} is $heard and not $frame")
    }
    val most = listOf(1, 3, 10, 100).random(random)
    var slices = 0
    var at = 0
    while (at < stream.size) {
        val count = minOf(random.nextInt(1, most + 1), stream.size - at)
        receiver.feed(stream, at, count)
        if (random.nextInt(4) == 0) receiver.stash()
        at += count
        slices++
    }
    next shouldBe frames.size
    receiver.end() shouldBe "end"
    return slices
}
