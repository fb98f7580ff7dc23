package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.ConnectionClosed
import io.hawser.ConnectionReset
import io.hawser.ReadTimeout
import io.hawser.ServerOptions
import io.hawser.asByteReadChannel
import io.hawser.asByteWriteChannel
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import io.ktor.utils.io.ClosedReadChannelException
import io.ktor.utils.io.ClosedWriteChannelException
import io.ktor.utils.io.copyAndClose
import io.ktor.utils.io.discard
import io.ktor.utils.io.exhausted
import io.ktor.utils.io.readAvailable
import io.ktor.utils.io.readBuffer
import io.ktor.utils.io.readByte
import io.ktor.utils.io.readByteArray
import io.ktor.utils.io.readInt
import io.ktor.utils.io.readLine
import io.ktor.utils.io.readPacket
import io.ktor.utils.io.toByteArray
import io.ktor.utils.io.writeByte
import io.ktor.utils.io.writeFully
import io.ktor.utils.io.writeInt
import io.ktor.utils.io.writePacket
import io.ktor.utils.io.writeStringUtf8
import java.io.ByteArrayOutputStream
import java.io.IOException
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import kotlinx.io.Buffer
import kotlinx.io.readByteArray
import kotlinx.io.readString

/** What the channels of Ktor over every connection keep: [asByteReadChannel], [asByteWriteChannel]. */
public abstract class KtorChannelsContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)

    contract.test("what Ktor's functions write, Ktor's functions read") { near, far ->
        val output = near.asByteWriteChannel()
        val input = far.asByteReadChannel()
        launch {
            output.writeStringUtf8("grüße €😀\r\nnext\n")
            output.writeInt(-7)
            output.writePacket(Buffer().apply { write(ByteArray(20_000) { it.toByte() }) })
            output.writeFully(ByteArray(5) { 1 })
            output.flush()
            output.writeStringUtf8("the rest")
            output.flushAndClose()
        }
        input.readLine() shouldBe "grüße €😀"
        input.readLine() shouldBe "next"
        input.readInt() shouldBe -7
        input.readPacket(20_000).readByteArray().contentEquals(ByteArray(20_000) { it.toByte() }) shouldBe true
        input.readAvailable(ByteArray(3)) shouldBe 3
        input.discard(2) shouldBe 2
        input.isClosedForRead shouldBe false
        input.readBuffer().readString() shouldBe "the rest"
        input.isClosedForRead shouldBe true
        input.closedCause shouldBe null
        input.exhausted() shouldBe true
        input.readAvailable(ByteArray(3)) shouldBe -1
        output.isClosedForWrite shouldBe true
        output.closedCause shouldBe null
    }

    contract.test("what is not flushed does not leave, what is flushed has left, and each call is flushed if one likes") { near, far ->
        val output = near.asByteWriteChannel()
        output.writeStringUtf8("kept\n")
        near.bytesWritten shouldBe 0
        output.flush()
        near.bytesWritten shouldBe 5
        output.flush()
        near.bytesWritten shouldBe 5
        near.writeLine("between")
        near.asByteWriteChannel(autoFlush = true).writeStringUtf8("at once\n")
        List(3) { far.readLine() } shouldBe listOf("kept", "between", "at once")
    }

    contract.test("a flush waits for a slow reader") { near, far ->
        val output = near.asByteWriteChannel()
        val sending = launch {
            output.writeFully(ByteArray(LARGE))
            output.flush()
        }
        far.awaitReadable()
        sending.isActive shouldBe true
        far.asByteReadChannel().discard(LARGE.toLong()) shouldBe LARGE
        sending.join()
        near.bytesWritten shouldBe LARGE
    }

    contract.test("a flush that is cancelled before its first byte keeps everything for the next") { near, far ->
        val output = near.asByteWriteChannel()
        val ahead = launch(start = UNDISPATCHED) { near.write(ByteBuffer.wrap(ByteArray(LARGE))) }
        output.writeStringUtf8("once\n")
        launch(start = UNDISPATCHED) { output.flush() }.cancelAndJoin()
        near.isOpen shouldBe true
        val flushing = List(3) { launch(start = UNDISPATCHED) { output.flush() } }
        far.readExactly(LARGE)
        ahead.join()
        flushing.forEach { it.join() }
        output.flushAndClose()
        far.asByteReadChannel().toByteArray().decodeToString() shouldBe "once\n"
    }

    contract.test("one coroutine writes on while the flush of another one waits") { near, far ->
        val output = near.asByteWriteChannel()
        val ahead = launch(start = UNDISPATCHED) { near.write(ByteBuffer.wrap(ByteArray(LARGE))) }
        val sizes = listOf(600_000, 700_000)
        val flushing = sizes.mapIndexed { i, size ->
            launch(start = UNDISPATCHED) { output.writeFully(ByteArray(size) { i.toByte() }) }.isActive shouldBe false
            launch(start = UNDISPATCHED) { output.flush() }
        }
        output.writeStringUtf8("later")
        far.readExactly(LARGE)
        for ((i, size) in sizes.withIndex()) far.readExactly(size).all { it == i.toByte() } shouldBe true
        (flushing + ahead).joinAll()
        near.bytesWritten shouldBe LARGE + sizes.sum()
        output.flushAndClose()
        far.asByteReadChannel().toByteArray().decodeToString() shouldBe "later"
    }

    contract.test("a flush that is cancelled in the middle aborts, and its writer may close on its way out") { near, far ->
        val output = near.asByteWriteChannel()
        val sending = launch {
            try {
                output.writeFully(ByteArray(LARGE))
            } finally {
                output.flushAndClose()
            }
        }
        far.awaitReadable()
        sending.cancelAndJoin()
        near.isOpen shouldBe false
        shouldThrow<ClosedWriteChannelException> { output.flush() }.cause.shouldBeInstanceOf<ConnectionClosed>()
    }

    contract.test("closing the output leaves the input open, and the other way round") { near, far ->
        near.asByteWriteChannel().flushAndClose()
        val asked = far.asByteReadChannel()
        asked.awaitContent() shouldBe false
        far.asByteWriteChannel().run {
            writeStringUtf8("answer\n")
            flushAndClose()
            flushAndClose()
            shouldThrow<ClosedWriteChannelException> { writeByte(1) }
        }
        val answer = near.asByteReadChannel()
        answer.readLine() shouldBe "answer"
        answer.readLine() shouldBe null
        near.isOpen shouldBe true
        far.isOpen shouldBe true
    }

    contract.test("waits for content that are cancelled lose no byte") { near, far ->
        val total = 5_000
        launch(Dispatchers.Default) {
            repeat(total) {
                near.write(ByteBuffer.wrap(byteArrayOf(it.toByte())))
                if (it % 50 == 0) yield()
            }
            near.shutdownOutput()
        }
        val input = far.asByteReadChannel()
        val received = ByteArrayOutputStream()
        val some = ByteArray(100)
        while (!input.isClosedForRead) {
            val waiting = launch(Dispatchers.Default) { input.awaitContent(some.size) }
            repeat(received.size() % 4) { yield() }
            waiting.cancelAndJoin()
            val count = input.readAvailable(some)
            if (count > 0) received.write(some, 0, count)
        }
        received.toByteArray().contentEquals(ByteArray(total) { it.toByte() }) shouldBe true
    }

    contract.test("two coroutines do not wait for content at the same time") { near, far ->
        val input = far.asByteReadChannel()
        val waiting = async(start = UNDISPATCHED) { input.readByte() }
        shouldThrow<IllegalStateException> { input.awaitContent() }
        near.asByteWriteChannel(autoFlush = true).writeByte(9)
        waiting.await() shouldBe 9
    }

    contract.test("cancelling the input fails who waits for it, and nothing else") { near, far ->
        for (cause in listOf(IOException("enough"), CancellationException("enough"))) {
            val input = far.asByteReadChannel()
            supervisorScope {
                val waiting = async(start = UNDISPATCHED) { runCatching { input.readByte() }.exceptionOrNull() }
                input.cancel(cause)
                val failure = waiting.await()
                if (cause is IOException) failure.shouldBeInstanceOf<ClosedReadChannelException>()
                if (cause is CancellationException) failure.shouldBeInstanceOf<CancellationException>()
                failure?.message shouldBe "enough"
                failure?.cause shouldBe cause
            }
            input.isClosedForRead shouldBe true
            input.cancel(IOException("again"))
            input.closedCause?.cause shouldBe cause
            near.writeLine("still there")
            far.readLine() shouldBe "still there"
            far.writeLine("here too")
            near.readLine() shouldBe "here too"
        }
    }

    contract.test("cancelling the input from another thread fails who begins to wait at that moment") { near, far ->
        repeat(1_000) {
            val input = far.asByteReadChannel()
            val cancelling = launch(Dispatchers.Default) { input.cancel(IOException("enough")) }
            shouldThrow<ClosedReadChannelException> { input.readByte() }.message shouldBe "enough"
            cancelling.join()
        }
        near.writeLine("still there")
        far.readLine() shouldBe "still there"
    }

    contract.test("an input that has seen the end is not cancelled, and keeps what came") { near, far ->
        val input = far.asByteReadChannel()
        near.asByteWriteChannel().run {
            writeByte(1)
            flushAndClose()
        }
        input.awaitContent(min = 2) shouldBe false
        input.cancel(IOException("late"))
        far.close()
        input.closedCause shouldBe null
        input.isClosedForRead shouldBe false
        input.readByte() shouldBe 1
        input.isClosedForRead shouldBe true
    }

    contract.test("a timeout that cancelled a channel is what its calls fail with") { near, far ->
        val timeout = shouldThrow<TimeoutCancellationException> { withTimeout(ZERO) {} }
        val input = far.asByteReadChannel().also { it.cancel(timeout) }
        shouldThrow<TimeoutCancellationException> { input.awaitContent() }.cause shouldBe timeout
        val output = near.asByteWriteChannel().also { it.cancel(timeout) }
        shouldThrow<TimeoutCancellationException> { output.flush() }.cause shouldBe timeout
    }

    contract.test("cancelling the output aborts, for an end would say that everything has come") { near, far ->
        val output = near.asByteWriteChannel()
        output.writeStringUtf8("half of ")
        output.cancel(IOException("no more"))
        near.isOpen shouldBe false
        output.isClosedForWrite shouldBe true
        shouldThrow<ClosedWriteChannelException> { output.flush() }.cause?.message shouldBe "no more"
        output.flushAndClose()
        transport.shouldMeetAbort { far.read(ByteBuffer.allocate(10)) shouldBe -1 }
    }

    contract.test("an output that has ended well is not cancelled") { near, far ->
        val output = near.asByteWriteChannel()
        output.writeStringUtf8("all\n")
        output.flushAndClose()
        output.cancel(IOException("late"))
        near.isOpen shouldBe true
        far.asByteReadChannel().toByteArray().decodeToString() shouldBe "all\n"
    }

    contract.test("who waits is told that the connection has been closed, and so is who comes later") { near, _ ->
        val input = near.asByteReadChannel()
        val output = near.asByteWriteChannel()
        output.writeStringUtf8("in vain")
        val waiting = async(start = UNDISPATCHED) { runCatching { input.readByte() }.exceptionOrNull() }
        near.close()
        for (failure in listOf(waiting.await(), shouldThrow<ClosedReadChannelException> { input.awaitContent() })) {
            failure.shouldBeInstanceOf<ClosedReadChannelException>().cause.shouldBeInstanceOf<ConnectionClosed>()
        }
        shouldThrow<ClosedWriteChannelException> { output.flush() }.cause.shouldBeInstanceOf<ConnectionClosed>()
        output.closedCause?.cause.shouldBeInstanceOf<ConnectionClosed>()
    }

    contract.test("channels of a closed connection are closed, whether anybody has called them or not") { near, far ->
        far.writeLine("ab")
        val input = near.asByteReadChannel()
        val output = near.asByteWriteChannel()
        input.readByte() shouldBe 'a'.code.toByte()
        near.close()
        input.isClosedForRead shouldBe true
        input.closedCause.shouldBeInstanceOf<ClosedReadChannelException>().cause.shouldBeInstanceOf<ConnectionClosed>()
        output.isClosedForWrite shouldBe true
        output.closedCause.shouldBeInstanceOf<ClosedWriteChannelException>().cause.shouldBeInstanceOf<ConnectionClosed>()
        shouldThrow<ClosedReadChannelException> { input.readByte() }
        shouldThrow<ClosedWriteChannelException> { output.writeByte(1) }
    }

    contract.test("an end that does not come about is told once") { near, _ ->
        val output = near.asByteWriteChannel()
        output.writeStringUtf8("in vain")
        near.close()
        shouldThrow<ClosedWriteChannelException> { output.flushAndClose() }.cause.shouldBeInstanceOf<ConnectionClosed>()
        output.flushAndClose()
    }

    contract.test("an output that somebody else has ended is closed once it meets that") { near, far ->
        val output = near.asByteWriteChannel()
        output.writeStringUtf8("late")
        near.shutdownOutput()
        shouldThrow<ClosedWriteChannelException> { output.flush() }.cause.shouldBeInstanceOf<IllegalStateException>()
        output.isClosedForWrite shouldBe true
        shouldThrow<ClosedWriteChannelException> { output.writeByte(1) }
        output.flushAndClose()
        far.asByteReadChannel().toByteArray().size shouldBe 0
        far.writeLine("still there")
        near.readLine() shouldBe "still there"
    }

    contract.test("an abort of the peer is the cause of the failure") { near, far ->
        val input = far.asByteReadChannel()
        near.abort()
        if (transport.resets && !transport.hasRecords) {
            val failure = shouldThrow<ClosedReadChannelException> { input.readByte() }
            failure.cause.shouldBeInstanceOf<ConnectionReset>()
            failure.message shouldBe failure.cause?.message
            input.isClosedForRead shouldBe true
            far.isOpen shouldBe false
        } else {
            shouldThrow<IOException> { input.readByte() }
        }
    }

    contract.run("a read that waits for too long ends nothing") {
        val asked = CompletableDeferred<Unit>()
        transport.serving({ it.also { asked.await() }.writeLine("late") }, ServerOptions()) { running, _ ->
            transport.client(running, ClientOptions { readTimeout = 50.milliseconds }).connect { connection ->
                val input = connection.asByteReadChannel()
                shouldThrow<ReadTimeout> { input.readLine() }
                input.isClosedForRead shouldBe false
                asked.complete(Unit)
                var line: String? = null
                while (line == null) {
                    line = try {
                        input.readLine()
                    } catch (_: ReadTimeout) {
                        continue
                    }
                }
                line shouldBe "late"
            }
        }
    }

    contract.test("copies go through as they are, both ways at once") { near, far ->
        val data = Random(3).nextBytes(LARGE)
        launch { far.asByteReadChannel().copyAndClose(far.asByteWriteChannel()) shouldBe LARGE }
        launch { near.asByteWriteChannel().run { writePacket(Buffer().apply { write(data) }).also { flushAndClose() } } }
        val input = near.asByteReadChannel()
        input.readByteArray(LARGE).contentEquals(data) shouldBe true
        input.exhausted() shouldBe true
    }

    contract.test("a copy whose source fails aborts its destination") { near, far ->
        val source = near.asByteReadChannel()
        val destination = near.asByteWriteChannel()
        source.cancel(IOException("the disk is full"))
        shouldThrow<IOException> { source.copyAndClose(destination) }.message shouldBe "the disk is full"
        transport.shouldMeetAbort { far.read(ByteBuffer.allocate(10)) shouldBe -1 }
    }
})
