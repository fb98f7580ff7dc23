@file:OptIn(TransportApi::class)

package io.hawser.engine

import io.hawser.EventLoopClosed
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.mockk.every
import io.mockk.mockk
import io.mockk.verify
import java.io.IOException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.Socket
import java.nio.ByteBuffer
import java.nio.channels.SelectionKey.OP_ACCEPT
import java.nio.channels.ServerSocketChannel
import java.nio.channels.SocketChannel
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

class SelectableStreamSpec : StringSpec({
    "a stream that has no memory to discard with is closed all the same" {
        val channel = mockk<SocketChannel>(relaxed = true) {
            every { localAddress } returns InetSocketAddress("127.0.0.1", 1)
            every { remoteAddress } returns InetSocketAddress("127.0.0.1", 2)
            every { read(any<ByteBuffer>()) } throws OutOfMemoryError("Direct buffer memory")
        }
        val stream = SelectableStream(EventLoopGroup.shared.next(), channel, StreamIdentity("tcp"))
        shouldThrow<OutOfMemoryError> { stream.close() }
        verify { channel.close() }
        withTimeout(10.seconds) { stream.awaitClosed() }
    }

    "connections that fail are not kept in mind" {
        // Bound, so that nobody else listens there either.
        SocketChannel.open().bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).use { nobody ->
            EventLoopGroup(EventLoopOptions { loops = 1 }).use { group ->
                val loop = group.next()
                val address = nobody.localAddress as InetSocketAddress
                repeat(1_000) { shouldThrow<IOException> { loop.connect(address, StreamIdentity("tcp")) } }
                withContext(loop) { loop.channels } shouldBeLessThan 200
            }
        }
    }

    "a reader on the loop is woken by any thread, goes on there, and then reads what comes" {
        connected { loop, stream, peer ->
            val one = ByteBuffer.allocate(1)
            withContext(loop) {
                repeat(1_000) { round ->
                    val waiting = async(start = UNDISPATCHED) {
                        stream.awaitReadable()
                        loop.isCurrent
                    }
                    withContext(if (round % 2 == 0) Dispatchers.Default else loop) { stream.wakeReader() }
                    waiting.await() shouldBe true
                    // Nothing came, so the second look costs no call and still does not hide what comes next.
                    repeat(2) { stream.read(one.clear()) shouldBe 0 }
                }
                peer.getOutputStream().write(7)
                stream.awaitReadable()
                stream.read(one) shouldBe 1
            }
        }
    }

    "bytes that come while a reader that was woken sees to something else are there when it waits again" {
        connected { loop, stream, peer ->
            val waiting = async(start = UNDISPATCHED) { stream.awaitReadable() }
            stream.wakeReader()
            waiting.await()
            peer.getOutputStream().write(ByteArray(3))
            withTimeout(10.seconds) { stream.awaitReadable() }
            stream.read(ByteBuffer.allocate(10)) shouldBe 3
            loop.isAlive shouldBe true
        }
    }

    "waits that a thread wakes while bytes come and callers give up all end" {
        connected { _, stream, peer ->
            val total = 10_000
            val wakeUps = AtomicInteger()
            withContext(Dispatchers.Default) {
                val sending = launch { repeat(total) { peer.getOutputStream().write(it) } }
                val waking = launch {
                    repeat(total) {
                        wakeUps.incrementAndGet()
                        stream.wakeReader()
                        if (it % 16 == 0) yield()
                    }
                }
                var received = 0
                val some = ByteBuffer.allocate(3)
                while (received < total) {
                    val count = stream.read(some.clear())
                    received += count
                    if (count == 0) withTimeoutOrNull((received % 3 + 1).milliseconds) { stream.awaitReadable() }
                }
                joinAll(sending, waking)
                wakeUps.get() shouldBe total
            }
        }
    }

    "who waits to accept is not woken by what wakes a reader" {
        EventLoopGroup(EventLoopOptions { loops = 1 }).use { group ->
            ServerSocketChannel.open().use { server ->
                server.bind(InetSocketAddress(InetAddress.getLoopbackAddress(), 0)).configureBlocking(false)
                val readiness = Readiness(group.next(), server)
                readiness.wakeReader()
                val waiting = async(start = UNDISPATCHED) { readiness.await(OP_ACCEPT) }
                withTimeoutOrNull(50.milliseconds) { waiting.await() } shouldBe null
                Socket(InetAddress.getLoopbackAddress(), server.socket().localPort).use {
                    withTimeout(10.seconds) { waiting.await() }
                    server.accept().close()
                }
            }
        }
    }

    "after the end of its loop nobody is woken" {
        val group = EventLoopGroup(EventLoopOptions { loops = 1 })
        val server = ServerSocket(0, 1, InetAddress.getLoopbackAddress())
        server.use {
            val stream = group.next().connect(server.localSocketAddress, StreamIdentity("tcp"))
            stream.wakeReader()
            group.close()
            withTimeout(10.seconds) { while (runCatching { stream.awaitReadable() }.exceptionOrNull() !is EventLoopClosed) yield() }
            stream.wakeReader()
            shouldThrow<EventLoopClosed> { stream.awaitReadable() }
            stream.close()
        }
    }
})

private suspend fun connected(block: suspend CoroutineScope.(EventLoop, SelectableStream, Socket) -> Unit) {
    EventLoopGroup(EventLoopOptions { loops = 1 }).use { group ->
        ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { server ->
            val loop = group.next()
            loop.connect(server.localSocketAddress, StreamIdentity("tcp")).use { stream ->
                server.accept().use { peer -> coroutineScope { block(loop, stream, peer) } }
            }
        }
    }
}
