@file:OptIn(io.hawser.transport.TransportApi::class)

package io.hawser.engine

import io.hawser.SocketOptions
import io.hawser.transport.AcceptedInVain
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
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
            val options = SocketOptions { afterAccept { throw AssertionError("not today") } }
            val listener = SelectableListener(group.next(), group, channel, StreamIdentity("tcp"), options)
            shouldThrow<AcceptedInVain> { listener.accept() }.message shouldBe "a connection was accepted in vain: Invalid argument"
            verify { accepted.close() }
            val vain = shouldThrow<AcceptedInVain> { listener.accept() }
            vain.message shouldBe "a connection was accepted in vain: not today"
            vain.cause.shouldBeInstanceOf<AssertionError>()
            good.isOpen shouldBe false
        }
    }
})
