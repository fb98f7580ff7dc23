@file:OptIn(io.hawser.transport.TransportApi::class)

package io.hawser.engine

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.mockk.every
import io.mockk.mockk
import io.mockk.verify
import java.io.IOException
import java.net.InetSocketAddress
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel

class SelectableListenerSpec : StringSpec({
    "an accepted channel that cannot be configured is closed, and the next one is accepted" {
        val accepted = mockk<SocketChannel>(relaxed = true) { every { configureBlocking(false) } throws IOException("Invalid argument") }
        SocketChannel.open().use { good ->
            val channel = mockk<ServerSocketChannel>(relaxed = true) {
                every { localAddress } returns InetSocketAddress("127.0.0.1", 1)
                every { accept() } returnsMany listOf(accepted, good)
            }
            val group = EventLoopGroup.shared
            val listener = SelectableListener(group.next(), group, channel, "tcp") { throw IOException("no such option") }
            shouldThrow<IOException> { listener.accept() }.message shouldBe "Invalid argument"
            verify { accepted.close() }
            shouldThrow<IOException> { listener.accept() }.message shouldBe "no such option"
            good.isOpen shouldBe false
        }
    }
})
