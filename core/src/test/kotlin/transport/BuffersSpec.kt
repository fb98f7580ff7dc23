@file:OptIn(TransportApi::class)

package io.hawser.transport

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

class BuffersSpec : StringSpec({
    for (direct in listOf(true, false)) {
        val kind = if (direct) "direct" else "heap"
        "$kind buffers are lent, and only such of their size taken back" {
            val buffers = Buffers(size = 64, direct = direct)
            val first = buffers.take()
            first.isDirect shouldBe direct
            first.capacity() shouldBe 64
            first.put(1)
            buffers.give(if (direct) ByteBuffer.allocate(64) else ByteBuffer.allocateDirect(64))
            buffers.give(if (direct) ByteBuffer.allocateDirect(65) else ByteBuffer.allocate(65))
            buffers.give(first)
            val second = buffers.take()
            (second === first) shouldBe true
            second.remaining() shouldBe 64
            (buffers.take() === first) shouldBe false
        }
    }
})
