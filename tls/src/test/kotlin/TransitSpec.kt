@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.random.Random

private const val SIZE = 64
private const val STEPS = 20_000

private fun transitOf(vararg bytes: Int) = Transit(Buffers(SIZE)).apply {
    append(bytes.size) { it.put(ByteArray(bytes.size) { index -> bytes[index].toByte() }) }
}

private fun transitOf(text: String) = transitOf(*text.map(Char::code).toIntArray())

private fun Transit.content(): List<Int> = List(size) { this[it] }

class TransitSpec : StringSpec({
    for (direct in listOf(true, false)) {
        "what goes in comes out, whatever the order of the calls, ${if (direct) "direct" else "on the heap"}" {
            val seed = Random.nextLong()
            val random = Random(seed)
            val transit = Transit(Buffers(SIZE, direct = direct))
            val queue = ArrayDeque<Int>()
            repeat(STEPS) { step ->
                withClue("step $step, seed $seed") {
                    when (random.nextInt(6)) {
                        0, 1 -> {
                            val room = random.nextInt(2 * SIZE)
                            val bytes = random.nextBytes(random.nextInt(room + 1))
                            transit.append(room) {
                                it.remaining() shouldBeGreaterThanOrEqual room
                                it.put(bytes)
                            }
                            bytes.forEach { queue.addLast(it.toInt() and 0xff) }
                        }

                        2 -> transit.take { source ->
                            source.remaining() shouldBe queue.size
                            repeat(random.nextInt(queue.size + 1)) { source.get().toInt() and 0xff shouldBe queue.removeFirst() }
                        }

                        3 -> {
                            val target = ByteBuffer.allocate(random.nextInt(SIZE))
                            val count = transit.moveTo(target)
                            count shouldBe minOf(target.capacity(), queue.size)
                            target.flip().let { moved -> repeat(count) { moved.get().toInt() and 0xff shouldBe queue.removeFirst() } }
                        }

                        4 -> transit.stash()

                        else -> if (random.nextInt(20) == 0) {
                            transit.drop()
                            queue.clear()
                        }
                    }
                    transit.content() shouldBe queue
                    transit.isEmpty shouldBe queue.isEmpty()
                    transit.hasRoomFor(SIZE - queue.size) shouldBe true
                    transit.hasRoomFor(SIZE - queue.size + 1) shouldBe false
                }
            }
        }
    }

    "an empty one holds no buffer" {
        val pool = Buffers(SIZE)
        val only = pool.take().also(pool::give)
        val transit = Transit(pool)

        fun shouldHoldNone() = pool.give(pool.take().also { it shouldBeSameInstanceAs only })

        transit.append(SIZE) { }
        shouldHoldNone()
        transit.append(SIZE) { it.put(1) }
        (pool.take() === only) shouldBe false
        transit.take { it.get() }
        shouldHoldNone()
        transit.append(SIZE) { it.put(1) }
        transit.moveTo(ByteBuffer.allocate(1))
        shouldHoldNone()
        transit.append(SIZE) { it.put(1) }
        transit.drop()
        shouldHoldNone()
    }

    "a call that fails keeps what it has put, and lends no buffer for nothing" {
        val pool = Buffers(SIZE)
        val only = pool.take().also(pool::give)
        val transit = Transit(pool)
        shouldThrow<IOException> { transit.append(1) { throw IOException("none") } }
        transit.isEmpty shouldBe true
        pool.give(pool.take().also { it shouldBeSameInstanceAs only })
        shouldThrow<IOException> {
            transit.append(2) {
                it.put(7)
                throw IOException("after one")
            }
        }
        transit.content() shouldBe listOf(7)
    }

    "what is stashed gives its buffer back, and can be added to" {
        val pool = Buffers(SIZE)
        val only = pool.take().also(pool::give)
        val transit = Transit(pool)
        transit.append(SIZE) { it.put(byteArrayOf(1, 2, 3)) }
        transit.take { it.get() }
        transit.stash()
        pool.give(pool.take().also { it shouldBeSameInstanceAs only })
        transit.append(SIZE) { it.put(4) }
        transit.content() shouldBe listOf(2, 3, 4)
    }

    "a record begins with its type and its version" {
        for (type in 0..255) Record.canBegin(transitOf(type)) shouldBe (type in 20..23)
        for (major in 0..255) Record.canBegin(transitOf(22, major)) shouldBe (major == 3)
        Record.canBegin(Transit(Buffers(SIZE))) shouldBe true
    }

    "a record is decided when it is there, and when it will never be one" {
        Record.isDecided(Transit(Buffers(SIZE))) shouldBe false
        Record.isDecided(transitOf(22, 3, 3, 0)) shouldBe false
        Record.isDecided(transitOf(22, 3, 3, 0, 2, 9)) shouldBe false
        Record.isDecided(transitOf(22, 3, 3, 0, 2, 9, 9)) shouldBe true
        Record.isDecided(transitOf(22, 3, 3, 0, 0)) shouldBe true
        Record.isDecided(transitOf('G'.code)) shouldBe true
        Record.isDecided(transitOf(22, 3, 3, 0xff, 0xff)) shouldBe true
    }

    "a record may be as long as one of TLS 1.2 with all its padding" {
        val longest = (1 shl 14) + 2048
        Record.isTooLong(transitOf(23, 3, 3, longest shr 8, longest and 0xff)) shouldBe false
        Record.isTooLong(transitOf(23, 3, 3, longest + 1 shr 8, longest + 1 and 0xff)) shouldBe true
        Record.isTooLong(transitOf(23, 3, 3, 0xff)) shouldBe false
    }

    "what is no record is shown as far as it can be read" {
        Record.excerptOf(transitOf("GET / HTTP/1.1\r\n\r\n")) shouldBe "\"GET / HTTP/1.1\\x0d\\x0a\""
        Record.excerptOf(transitOf(0, 255)) shouldBe "\"\\x00\\xff\""
        Record.excerptOf(Transit(Buffers(SIZE))) shouldBe "\"\""
    }
})
