@file:OptIn(TransportApi::class)

package io.hawser.testkit

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.ConnectionReset
import io.hawser.WriteTimeout
import io.hawser.engine.EventLoopGroup
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.shouldBe
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Writes over a stream that takes everything at once and holds it until it is flushed. */
class FlushSpec : StringSpec({
    extension(LeakCheck)
    defaultTestConfig = DefaultTestConfig(timeout = 30.seconds)

    "a write returns when what the stream held has gone, and not before" {
        val loop = ManualLoop()
        val (below, far) = Memory.streams(loop, capacity = 10)
        val near = Connection(HoldingStream(below))
        val scope = CoroutineScope(loop.dispatcher)
        val written = scope.async { near.write(bytes("0123456789abcdefghijklmno")) }
        val next = scope.async { near.write(bytes("p")) }
        val received = StringBuilder()
        for (there in listOf("0123456789", "abcdefghij")) {
            loop.runUntilIdle()
            written.isActive shouldBe true
            far.take() shouldBe there
            received.append(there)
        }
        loop.runUntilIdle()
        written.isCompleted shouldBe true
        next.isCompleted shouldBe true
        far.take() shouldBe "klmnop"
        near.bytesWritten shouldBe 26
        near.close()
    }

    "a later write does not begin before the one that is being flushed has ended" {
        val loop = ManualLoop()
        val (below, far) = Memory.streams(loop, capacity = 1)
        val holding = HoldingStream(below)
        val near = Connection(holding)
        val scope = CoroutineScope(loop.dispatcher)
        scope.launch { near.write(bytes("ab")) }
        val later = scope.async { runCatching { near.write(arrayOf(bytes("c"), bytes("de"))) } }
        loop.runUntilIdle()
        holding.calls shouldBe listOf("write 2")
        far.take() shouldBe "a"
        loop.runUntilIdle()
        holding.calls shouldBe listOf("write 2", "write 3")
        near.abort()
        loop.runUntilIdle()
        (later.await().exceptionOrNull() is ConnectionClosed) shouldBe true
    }

    "a gathering write, a file and the end of the output are flushed too" {
        val file = tempfile().apply { writeBytes(ByteArray(50_000) { 'x'.code.toByte() }) }.toPath()
        coroutineScope {
            val (below, other) = Memory.streams(EventLoopGroup.shared.next(), capacity = 1000)
            val holding = HoldingStream(below)
            val near = Connection(holding)
            val far = Connection(other)
            val received = async {
                val first = far.readExactly(6000)
                val text = far.readExactly(50_000).decodeToString()
                far.readLine() to (first.size to text)
            }
            near.write(arrayOf(ByteBuffer.allocate(1000), ByteBuffer.allocate(5000)))
            near.sendFile(file) shouldBe 50_000
            near.shutdownOutput()
            received.await() shouldBe (null to (6000 to "x".repeat(50_000)))
            holding.calls.last() shouldBe "shutdownOutput, holding 0"
            near.close()
            far.close()
        }
    }

    "cancelling a write that is being flushed aborts the connection, whatever kind of write it is" {
        val file = tempfile().apply { writeText("abc") }.toPath()
        val writes = listOf<suspend (Connection) -> Unit>(
            { it.write(bytes("abc")) },
            { it.write(arrayOf(bytes("a"), bytes("bc"))) },
            { it.sendFile(file) },
        )
        for (write in writes) {
            coroutineScope {
                val (below, far) = Memory.streams(EventLoopGroup.shared.next(), capacity = 1)
                val near = Connection(HoldingStream(below))
                val writing = launch(start = UNDISPATCHED) { write(near) }
                far.awaitReadable()
                near.isOpen shouldBe true
                writing.cancelAndJoin()
                near.isOpen shouldBe false
                shouldThrow<ConnectionReset> { far.take() }
                far.close()
            }
        }
    }

    "a write timeout counts while a write is being flushed" {
        coroutineScope {
            Memory.server().start(this) { awaitCancellation() }.use { server ->
                val options = ClientOptions { writeTimeout = 50.milliseconds }
                Memory.client(server, options).through(::HoldingStream).connect { connection ->
                    shouldThrow<WriteTimeout> { connection.write(ByteBuffer.allocate(200_000)) }
                    connection.isOpen shouldBe false
                }
            }
        }
    }

    "a close ends a write that is being flushed, and a broken stream fails it" {
        coroutineScope {
            for (end in listOf<(Connection, RawStream) -> Unit>({ near, _ -> near.close() }, { _, far -> far.abort() })) {
                val (below, far) = Memory.streams(EventLoopGroup.shared.next(), capacity = 1)
                val near = Connection(HoldingStream(below))
                val failure = async(start = UNDISPATCHED) { runCatching { near.write(bytes("abc")) }.exceptionOrNull() }
                far.awaitReadable()
                end(near, far)
                failure.await()?.let { it::class.simpleName } shouldBe (if (near.isOpen) "ConnectionReset" else "ConnectionClosed")
                near.close()
                far.close()
            }
        }
    }

    "small buffers of a write that fails tell how much of them was taken" {
        val (below, far) = Memory.streams(EventLoopGroup.shared.next())
        val near = Connection(
            object : RawStream by below {
                override fun write(source: ByteBuffer): Int {
                    source.position(source.position() + 5)
                    throw IOException("after five")
                }
            },
        )
        val pieces = arrayOf(bytes("abc"), bytes("def"), bytes("ghi"))
        shouldThrow<IOException> { near.write(pieces) }.message shouldBe "after five"
        pieces.map { it.remaining() } shouldBe listOf(0, 1, 3)
        near.close()
        far.close()
    }

    "faults pass a flush on, and lose what is held with a cut" {
        val loop = ManualLoop()
        val (below, far) = Memory.streams(loop, capacity = 2)
        val near = FaultLayer(output = Faults { cutAfter = 9 }).wrap(HoldingStream(below))
        near.write(bytes("abcd")) shouldBe 4
        near.flush() shouldBe false
        far.take() shouldBe "ab"
        near.flush() shouldBe true
        far.take() shouldBe "cd"
        near.write(bytes("efghij")) shouldBe 5
        shouldThrow<ConnectionReset> { near.flush() }
        shouldThrow<ConnectionReset> { far.take() }

        val (silent, other) = faulty(output = Faults { silentAfter = 3 })
        silent.write(bytes("abc"))
        silent.flush() shouldBe true
        other.take() shouldBe "abc"
        silent.close()
    }
})
