@file:OptIn(TransportApi::class)

package io.hawser.testkit.memory

import io.hawser.ConnectionReset
import io.hawser.engine.EventLoopGroup
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Memory
import io.hawser.testkit.bytes
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.nio.channels.FileChannel
import java.nio.file.Files
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext

class MemoryStreamSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    fun streams(capacity: Int = 8): Pair<RawStream, RawStream> = EventLoopGroup.shared.run { Memory.streams(next(), next(), capacity) }

    "what one end writes the other reads" {
        val (near, far) = streams()
        near.write(bytes("hello")) shouldBe 5
        far.available() shouldBe "hello"
        far.read(ByteBuffer.allocate(1)) shouldBe 0
    }

    "a write takes what fits and a full stream takes nothing" {
        val (near, far) = streams(capacity = 8)
        val source = bytes("0123456789")
        near.write(source) shouldBe 8
        source.remaining() shouldBe 2
        near.write(source) shouldBe 0
        far.read(ByteBuffer.allocate(3)) shouldBe 3
        near.write(source) shouldBe 2
        far.available() shouldBe "3456789"
    }

    "bytes keep their order where the ring wraps around" {
        val (near, far) = streams(capacity = 7)
        val sent = StringBuilder()
        val received = StringBuilder()
        repeat(100) { round ->
            val text = ("abcdefghijklmnopqrstuvwxyz").repeat(2).substring(round % 26, round % 26 + 1 + round % 7)
            near.write(bytes(text)) shouldBe text.length
            sent.append(text)
            received.append(far.available(limit = 3)).append(far.available())
        }
        received.toString() shouldBe sent.toString()
    }

    "a gathering write takes the buffers in order from the given index on" {
        val (near, far) = streams(capacity = 8)
        val sources = arrayOf(bytes("no"), bytes("abc"), bytes(""), bytes("defgh"), bytes("ij"))
        near.write(sources, 1) shouldBe 8
        sources.map { it.remaining() } shouldContainExactly listOf(2, 0, 0, 0, 2)
        far.available() shouldBe "abcdefgh"
    }

    "after the peer's close come the bytes it wrote and then the end for ever" {
        val (near, far) = streams()
        near.write(bytes("last"))
        near.close()
        far.available() shouldBe "last"
        repeat(3) { far.read(ByteBuffer.allocate(4)) shouldBe -1 }
        far.awaitReadable()
    }

    "writing to a peer that has closed is a reset, and what it wrote is still there" {
        val (near, far) = streams()
        far.write(bytes("unread"))
        near.write(bytes("last"))
        near.close()
        shouldThrow<ConnectionReset> { far.write(bytes("x")) }.message shouldContain "${far.endpoint}"
        far.awaitWritable()
        far.available() shouldBe "last"
        far.read(ByteBuffer.allocate(1)) shouldBe -1
    }

    "an abort resets the peer's reads and writes and loses what was on its way" {
        val (near, far) = streams()
        near.write(bytes("lost"))
        near.abort()
        repeat(2) { shouldThrow<ConnectionReset> { far.read(ByteBuffer.allocate(4)) } }
        repeat(2) { shouldThrow<ConnectionReset> { far.write(bytes("x")) } }
        shouldThrow<ConnectionReset> { far.shutdownOutput() }
        far.awaitReadable()
        far.awaitWritable()
    }

    "an abort behind an end that has been read changes the writes only" {
        val (near, far) = streams()
        near.shutdownOutput()
        far.read(ByteBuffer.allocate(1)) shouldBe -1
        near.abort()
        far.read(ByteBuffer.allocate(1)) shouldBe -1
        shouldThrow<ConnectionReset> { far.write(bytes("x")) }
    }

    "an abort after a close does nothing" {
        val (near, far) = streams()
        near.write(bytes("kept"))
        near.close()
        near.abort()
        far.available() shouldBe "kept"
    }

    "a half-close ends one direction only" {
        val (near, far) = streams()
        near.write(bytes("question"))
        near.shutdownOutput()
        near.shutdownOutput()
        shouldThrow<ClosedChannelException> { near.write(bytes("x")) }
        far.available() shouldBe "question"
        far.read(ByteBuffer.allocate(1)) shouldBe -1
        far.write(bytes("answer"))
        near.available() shouldBe "answer"
    }

    "every call on a closed end fails" {
        val closers = listOf(RawStream::close, RawStream::abort)
        for (closer in closers) {
            val (near, _) = streams()
            closer(near)
            closer(near)
            shouldThrow<ClosedChannelException> { near.read(ByteBuffer.allocate(1)) }
            shouldThrow<ClosedChannelException> { near.write(bytes("x")) }
            shouldThrow<ClosedChannelException> { near.awaitReadable() }
            shouldThrow<ClosedChannelException> { near.awaitWritable() }
            shouldThrow<ClosedChannelException> { near.shutdownOutput() }
            near.awaitClosed()
        }
    }

    "a close wakes who waits on its own end" {
        val (near, _) = streams(capacity = 1)
        near.write(bytes("x"))
        coroutineScope {
            val reader = async(start = UNDISPATCHED) { runCatching { near.awaitReadable() } }
            val writer = async(start = UNDISPATCHED) { runCatching { near.awaitWritable() } }
            val closed = launch(start = UNDISPATCHED) { near.awaitClosed() }
            near.close()
            (reader.await().exceptionOrNull() is ClosedChannelException) shouldBe true
            (writer.await().exceptionOrNull() is ClosedChannelException) shouldBe true
            closed.join()
        }
    }

    "a waiting reader and writer are woken by bytes, room, the end and a reset" {
        val events = listOf<suspend (RawStream) -> Unit>(
            { it.write(bytes("y")) },
            { it.shutdownOutput() },
            { it.close() },
            { it.abort() },
        )
        for (event in events) {
            val (near, far) = streams(capacity = 1)
            coroutineScope {
                launch(start = UNDISPATCHED) { near.awaitReadable() }
                event(far)
            }
        }
        for (event in listOf<(RawStream) -> Unit>({ it.available() }, { it.close() }, { it.abort() })) {
            val (near, far) = streams(capacity = 1)
            near.write(bytes("x"))
            coroutineScope {
                launch(start = UNDISPATCHED) { near.awaitWritable() }
                event(far)
            }
        }
    }

    "a second waiter of a direction fails and the first goes on" {
        val (near, far) = streams()
        coroutineScope {
            val first = launch(start = UNDISPATCHED) { near.awaitReadable() }
            shouldThrow<IllegalStateException> { near.awaitReadable() }
            first.isActive shouldBe true
            far.write(bytes("x"))
        }
    }

    "a cancelled wait can be taken up at once and has lost nothing" {
        val (near, far) = streams()
        withContext(Dispatchers.Default) {
            repeat(10_000) {
                val wait = launch(start = UNDISPATCHED) { near.awaitReadable() }
                if (it % 2 == 0) far.write(bytes("x"))
                wait.cancel()
                if (it % 2 == 1) far.write(bytes("x"))
                near.awaitReadable()
                near.available() shouldBe "x"
            }
        }
    }

    "a waiter without a dispatcher goes on in a thread of Dispatchers.Default" {
        val (near, far) = streams()
        val thread = CompletableDeferred<String>()
        suspend {
            near.awaitReadable()
            Thread.currentThread().name
        }.startCoroutine(Continuation(EmptyCoroutineContext) { thread.complete(it.getOrThrow()) })
        far.write(bytes("x"))
        thread.await() shouldContain "DefaultDispatcher"
    }

    "a file goes through the loop's buffers" {
        val file = Files.createTempFile("hawser", ".txt")
        try {
            Files.writeString(file, "0123456789")
            val (near, far) = streams(capacity = 64)
            FileChannel.open(file).use { near.transferFrom(it, 2, 5) shouldBe 5 }
            far.available() shouldBe "23456"
        } finally {
            Files.delete(file)
        }
    }
})

/** What can be read at once. */
internal fun RawStream.available(limit: Int = 1024): String {
    val buffer = ByteBuffer.allocate(limit)
    if (read(buffer) < 0) return ""
    return Charsets.UTF_8.decode(buffer.flip()).toString()
}
