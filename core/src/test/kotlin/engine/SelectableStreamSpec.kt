@file:OptIn(TransportApi::class)

package io.hawser.engine

import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.mockk.every
import io.mockk.mockk
import io.mockk.verify
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout

class SelectableStreamSpec : StringSpec({
    "a stream that has no memory to discard with is closed all the same" {
        val channel = mockk<SocketChannel>(relaxed = true) {
            every { localAddress } returns InetSocketAddress("127.0.0.1", 1)
            every { remoteAddress } returns InetSocketAddress("127.0.0.1", 2)
            every { read(any<ByteBuffer>()) } throws OutOfMemoryError("Direct buffer memory")
        }
        val stream = SelectableStream(EventLoopGroup.shared.next(), channel, "tcp")
        shouldThrow<OutOfMemoryError> { stream.close() }
        verify { channel.close() }
        withTimeout(10.seconds) { stream.awaitClosed() }
    }

    "connections that fail are not kept in mind" {
        val nobody = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
        EventLoopGroup(EventLoopOptions { loops = 1 }).use { group ->
            val loop = group.next()
            repeat(1_000) { shouldThrow<IOException> { loop.connect(InetSocketAddress("127.0.0.1", nobody), "tcp") } }
            withContext(loop) { loop.channels } shouldBeLessThan 200
        }
    }
})
