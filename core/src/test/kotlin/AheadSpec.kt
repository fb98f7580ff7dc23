package io.hawser

import io.hawser.transport.Buffers
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

@OptIn(TransportApi::class)
class AheadSpec : StringSpec({
    fun Ahead.arrive(count: Int) = repeat(count) { number -> append { it.put(number.toByte()).let { 1 } } }

    "what waits is held in memory of its own size, also behind a large frame" {
        val ahead = Ahead(Buffers(64))
        ahead.arrive(100_000)
        ahead.take(ByteBuffer.allocate(100_000 - 300))
        ahead.stash()
        val left = checkNotNull(ahead.takeAll())
        left.remaining() shouldBe 300
        left.capacity() shouldBeLessThanOrEqual 1_024
        left.get(0) shouldBe (100_000 - 300).toByte()
    }

    "what little is left holds no lent buffer, and the read behind it is no smaller for it" {
        val ahead = Ahead(Buffers(4096))
        ahead.arrive(3_000)
        ahead.rest()
        ahead.takeAll().also { ahead.put(checkNotNull(it)) }?.isDirect shouldBe true
        ahead.take(ByteBuffer.allocate(2_000))
        ahead.rest()
        val left = checkNotNull(ahead.takeAll())
        left.isDirect shouldBe false
        left.remaining() shouldBe 1_000
        ahead.put(left)
        ahead.append { target ->
            target.remaining() shouldBe 4096 - 1_000
            target.put(7)
            1
        }
        ahead.size shouldBe 1_001
        val all = checkNotNull(ahead.takeAll())
        all.get(0) shouldBe 2_000.toByte()
        all.get(1_000) shouldBe 7
    }

    "memory grows with what has come" {
        val ahead = Ahead(Buffers(64))
        repeat(1_000) {
            ahead.arrive(100)
            ahead.stash()
            val held = checkNotNull(ahead.takeAll())
            held.capacity() shouldBeLessThanOrEqual maxOf(256, held.remaining() * 2)
            ahead.put(held)
        }
        ahead.size shouldBe 100_000
    }
})
