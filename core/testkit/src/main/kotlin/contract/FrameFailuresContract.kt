package io.hawser.testkit.contract

import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.hawser.UnexpectedEnd
import io.hawser.framing.FixedLength
import io.hawser.framing.FrameCodec
import io.hawser.framing.LengthPrefix
import io.hawser.framing.Lines
import io.hawser.framing.framed
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

private val short = LengthPrefix(4, maxLength = 100)
private val long = LengthPrefix(4, maxLength = LARGE)

/** What frames over every connection keep where they are too large, cut off, or none at all. */
public abstract class FrameFailuresContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)

    contract.test("an end inside a frame names what was expected") { near, far ->
        near.write(ByteBuffer.wrap(byteArrayOf(0, 0, 0, 12, 1, 2)))
        near.shutdownOutput()
        shouldThrow<UnexpectedEnd> { far.framed(short).receive() }.message shouldBe
            "${far.endpoint} ended the stream after 6 bytes of a frame of 4 + 12 bytes"
        shouldThrow<UnexpectedEnd> { far.framed(FixedLength(9)).receive() }.message shouldBe
            "${far.endpoint} ended the stream after 6 bytes of a frame of 9 bytes"
        shouldThrow<UnexpectedEnd> { far.framed(Lines()).incoming.collect() }.message shouldBe
            "${far.endpoint} ended the stream after 6 bytes of a line"
    }

    contract.test("frames may be empty, and as long as their limit") { near, far ->
        for (length in listOf(0, short.maxLength, 0, 0, 1)) {
            near.framed(short).send(ByteArray(length) { 7 })
            far.framed(short).receive()?.size shouldBe length
        }
        near.framed(Lines(0)).sendAll(listOf("", ""))
        far.framed(Lines(0)).incoming.take(2).toList().shouldContainExactly("", "")
    }

    contract.test("a frame over the limit is not sent, nor is any of those sent with it") { near, far ->
        val frames = near.framed(short)
        shouldThrow<FrameTooLarge> { frames.send(ByteArray(101)) }.message shouldBe
            "a frame of 101 bytes for ${near.endpoint} is over the limit of 100 bytes"
        shouldThrow<FrameTooLarge> { frames.sendAll(listOf(ByteArray(1), ByteArray(101))) }
        near.bytesWritten shouldBe 0
        near.writeLine("after")
        far.readLine() shouldBe "after"
    }

    contract.test("a frame over the limit is refused at its prefix and stays, and one can still answer") { near, far ->
        near.write(ByteBuffer.wrap(byteArrayOf(0, 0, 0, 101)))
        repeat(2) {
            val failure = shouldThrow<FrameTooLarge> { far.framed(short).receive() }
            failure.message shouldBe "${far.endpoint} sent a frame of 101 bytes over the limit of 100 bytes"
        }
        far.framed(Lines()).send("too large")
        near.readLine() shouldBe "too large"
        near.write(ByteBuffer.allocate(101))
        far.framed(long).receive()?.size shouldBe 101
    }

    contract.run("a handler that meets a frame over the limit ends, and its peer sees the end") {
        val failure = CompletableDeferred<Throwable?>()
        val echo: suspend (Connection) -> Unit = { connection ->
            val frames = connection.framed(short)
            val echoing = runCatching { frames.incoming.collect { frames.send(it) } }
            failure.complete(echoing.exceptionOrNull())
            echoing.getOrThrow()
        }
        transport.serving({ echo(it) }) { _, client ->
            client.connect { connection ->
                val frames = connection.framed(long)
                for (length in listOf(0, 100)) {
                    frames.send(ByteArray(length))
                    frames.receive()?.size shouldBe length
                }
                frames.send(ByteArray(101))
                frames.receive() shouldBe null
            }
        }
        failure.await().shouldBeInstanceOf<FrameTooLarge>().limit shouldBe 100
    }

    contract.test("a frame that is malformed is gone, and the next one comes") { near, far ->
        val numbers = far.framed(Lines().map<Int>({ it.toInt() }, { "$it" }))
        near.write(bytes("1\nx\n2\n"))
        near.write(ByteBuffer.wrap(byteArrayOf(-1, 10)))
        near.writeLine("3")
        near.writeLine("4")
        numbers.receive() shouldBe 1
        shouldThrow<MalformedFrame> { numbers.receive() }.message shouldContain far.endpoint.toString()
        numbers.receive() shouldBe 2
        shouldThrow<MalformedFrame> { far.readLine() }.message shouldBe "${far.endpoint} sent a malformed frame: a line that is not UTF-8"
        far.readLine() shouldBe "3"
        numbers.receive() shouldBe 4
    }

    contract.test("what is no frame for good stays unread, and one can still answer") { near, far ->
        val strict = far.framed(Lines(ending = Lines.Ending.CRLF))
        near.write(bytes("ok\r\nbare\nnext\r\n"))
        strict.receive() shouldBe "ok"
        repeat(2) { shouldThrow<MalformedFrame> { strict.receive() } }
        strict.send("no")
        near.readLine() shouldBe "no"
        far.readLine() shouldBe "bare"
    }

    contract.test("after a write that was cut, frames that had come before are gone too") { near, far ->
        far.framed(Lines()).sendAll(listOf("1", "2", "3"))
        near.readLine() shouldBe "1"
        val writing = launch(start = UNDISPATCHED) { near.write(ByteBuffer.allocate(LARGE)) }
        while (near.bytesWritten == 0L) yield()
        writing.cancelAndJoin()
        shouldThrow<ConnectionClosed> { near.framed(Lines()).receive() }
    }

    contract.test("a codec that takes no bytes for a frame is found out") { near, far ->
        val endless = object : FrameCodec<String> by Lines() {
            override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): String = ""

            override fun toString(): String = "endless"
        }
        near.writeLine("x")
        shouldThrow<IllegalStateException> { far.framed(endless).receive() }.message shouldBe "endless has taken a frame of no bytes"
        far.readLine() shouldBe "x"
    }
})
