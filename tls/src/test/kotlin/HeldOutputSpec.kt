package io.hawser.tls

import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer

/** Four records of 16 KiB, with the headers and tags that engines make room for. */
private const val MOST_HELD = 4 * (16 * 1024 + 325)

class HeldOutputSpec : StringSpec({
    "what a peer does not take is no more than four records, and no more is taken of the writer" {
        for (kind in Kind.all) {
            val meeting = Meeting(kind)
            meeting.shakeHands()
            meeting.exchange() shouldBe ("pong" to "ping")
            // The lane takes no more than it has room for, as a socket does.
            while (meeting.near.pump.write(arrayOf(ByteBuffer.allocate(1 shl 20)), 0) > 0) Unit
            val held = meeting.toServer.from.size
            repeat(100) { meeting.near.pump.write(arrayOf(ByteBuffer.allocate(1 shl 20)), 0) shouldBe 0 }
            meeting.near.pump.flush() shouldBe false
            meeting.toServer.from.size shouldBe held
            // All that it holds comes once there is room.
            var more = 0
            meeting.near.takeSent()
            while (!meeting.near.pump.flush()) more += meeting.near.takeSent().size
            more += meeting.near.takeSent().size
            more shouldBeLessThanOrEqual MOST_HELD
            meeting.finish()
        }
    }
})
