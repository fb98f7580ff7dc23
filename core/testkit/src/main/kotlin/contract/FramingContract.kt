package io.hawser.testkit.contract

import io.hawser.ConnectionClosed
import io.hawser.Endpoint
import io.hawser.UnexpectedEnd
import io.hawser.framing.Delimiter
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
import java.nio.ByteOrder
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.random.Random
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.collect
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** Every codec as one of texts, whose frames are of three bytes where it cannot say others. */
private val codecs: List<FrameCodec<String>> = listOf(
    Lines(),
    Lines(ending = Lines.Ending.CRLF),
    Delimiter(byteArrayOf(0, 1)).texts(),
    LengthPrefix(1).texts(),
    LengthPrefix(2, order = ByteOrder.LITTLE_ENDIAN).texts(),
    LengthPrefix(4, inclusive = true).texts(),
    LengthPrefix.varint().texts(),
    FixedLength(3).texts(),
)

private fun FrameCodec<ByteArray>.texts(): FrameCodec<String> = map({ it.decodeToString() }, { it.encodeToByteArray() })

private val triplets = List(1_000) { "%03d".format(it) }

/** What frames over every connection keep: whole and in order in both directions, and nothing lost. */
public abstract class FramingContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)
    val short = LengthPrefix(4, maxLength = 100)
    val long = LengthPrefix(4, maxLength = LARGE)

    for (codec in codecs) {
        contract.test("$codec: frames that come byte by byte and frames that come at once are the same") { near, far ->
            val some = triplets.take(30)
            launch {
                for (frame in some) codec.encode(frame, near.endpoint).forEach { while (it.hasRemaining()) near.write(it.single()) }
                near.framed(codec).sendAll(some)
                near.shutdownOutput()
            }
            far.framed(codec).incoming.toList().shouldContainExactly(some + some)
            repeat(2) { far.framed(codec).receive() shouldBe null }
        }

        contract.test("$codec: a thousand frames sent at once arrive whole") { near, far ->
            launch { near.framed(codec).sendAll(triplets) }
            far.framed(codec).incoming.take(triplets.size).toList().shouldContainExactly(triplets)
        }

        contract.test("$codec: an end inside a frame is unexpected, and its bytes can be read") { near, far ->
            val frames = far.framed(codec)
            near.framed(codec).send("abc")
            val bytes = codec.encode("abc", near.endpoint).flatMap { piece -> List(piece.remaining()) { piece.get() } }
            near.write(ByteBuffer.wrap(bytes.toByteArray(), 0, bytes.size - 1))
            near.shutdownOutput()
            frames.receive() shouldBe "abc"
            repeat(2) { shouldThrow<UnexpectedEnd> { frames.receive() }.received shouldBe bytes.size - 1 }
            far.readExactly(bytes.size - 1).toList() shouldBe bytes.dropLast(1)
            frames.receive() shouldBe null
        }
    }

    contract.test("large frames pass in both directions at once") { near, far ->
        val there = listOf(Random(1).nextBytes(LARGE), ByteArray(0), Random(2).nextBytes(SMALL * 10), byteArrayOf(1))
        val back = listOf(Random(3).nextBytes(LARGE))
        launch { there.forEach { near.framed(long).send(it) } }
        launch { far.framed(long).sendAll(back + there) }
        val received = async { near.framed(long).incoming.take(5).toList() }
        far.framed(long).incoming.take(4).toList().map(ByteArray::asList) shouldBe there.map(ByteArray::asList)
        received.await().map(ByteArray::asList) shouldBe (back + there).map(ByteArray::asList)
    }

    contract.test("a hundred senders never interleave, and each keeps its order") { near, far ->
        val senders = 100
        val frames = 20
        coroutineScope {
            repeat(senders) { sender ->
                launch(if (sender % 2 == 0) Dispatchers.Default else EmptyCoroutineContext) {
                    repeat(frames) {
                        val frame = ByteArray(2 + sender * sender * 8) { i -> (if (i == 1) it else sender).toByte() }
                        near.framed(long).send(frame)
                    }
                }
            }
            launch {
                val next = IntArray(senders)
                far.framed(long).incoming.take(senders * frames).collect { frame ->
                    val sender = frame[0].toInt()
                    frame[1].toInt() shouldBe next[sender]++
                    frame.size shouldBe 2 + sender * sender * 8
                    frame.drop(2).all { it == frame[0] } shouldBe true
                }
            }
        }
    }

    contract.test("frames that are sent together stay together") { near, far ->
        coroutineScope {
            repeat(4) { sender ->
                launch(Dispatchers.Default) {
                    repeat(20) {
                        near.framed(short).sendAll(List(100) { ByteArray(sender + 1) })
                        near.framed(short).send(ByteArray(0))
                    }
                }
            }
            val frames = far.framed(short)
            var left = 4 * 20 * 101
            while (left > 0) {
                val size = checkNotNull(frames.receive()).size
                left--
                if (size == 0) continue
                repeat(99) { frames.receive()?.size shouldBe size }
                left -= 99
            }
        }
    }

    contract.test("nothing is sent of no frames") { near, far ->
        near.framed(short).sendAll(emptyList())
        near.bytesWritten shouldBe 0
        near.writeLine("x")
        far.readLine() shouldBe "x"
    }

    contract.test("a receive that is cancelled in the middle of a frame goes on with the next") { near, far ->
        val frames = far.framed(short)
        for (cut in 1..6) {
            val bytes = ByteBuffer.wrap(byteArrayOf(0, 0, 0, 3, 1, 2, 3))
            val before = far.bytesRead
            near.write(bytes.slice(0, cut))
            val receiving = launch(start = UNDISPATCHED) { frames.receive() }
            while (far.bytesRead < before + cut) yield()
            receiving.cancelAndJoin()
            near.write(bytes.slice(cut, bytes.limit() - cut))
            frames.receive() shouldBe byteArrayOf(1, 2, 3)
        }
    }

    contract.test("frames that are collected and cancelled anywhere are all there, once") { near, far ->
        val total = 20_000
        val numbers = LengthPrefix.varint().map<Int>({ it.decodeToString().toInt() }, { "$it".encodeToByteArray() })
        launch { repeat(total) { near.framed(numbers).send(it) } }
        var next = 0
        var attempts = 0
        while (next < total) {
            val collecting = launch(Dispatchers.Default) { far.framed(numbers).incoming.collect { it shouldBe next++ } }
            repeat(attempts++ % 7) { yield() }
            collecting.cancelAndJoin()
        }
    }

    contract.test("a send that is cancelled before its turn sends nothing, and one in the middle aborts") { near, far ->
        val first = launch(start = UNDISPATCHED) { near.framed(long).send(ByteArray(LARGE)) }
        val second = launch(start = UNDISPATCHED) { near.framed(short).send(ByteArray(1)) }
        second.cancelAndJoin()
        far.framed(long).receive()?.size shouldBe LARGE
        first.join()
        val third = launch(start = UNDISPATCHED) { near.framed(long).sendAll(List(2) { ByteArray(LARGE) }) }
        far.awaitReadable()
        third.cancelAndJoin()
        shouldThrow<ConnectionClosed> { near.framed(short).send(ByteArray(1)) }
        transport.shouldMeetAbort { while (far.framed(long).receive() != null) Unit }
    }

    contract.test("frames mix with lines, exact reads, other reads and other codecs") { near, far ->
        near.framed(short).send(byteArrayOf(1))
        near.write(bytes("line\nexactlyread"))
        near.framed(Delimiter(byteArrayOf(0))).send(byteArrayOf(3))
        near.framed(short).send(byteArrayOf(2))
        near.shutdownOutput()
        far.framed(short).receive() shouldBe byteArrayOf(1)
        far.readLine() shouldBe "line"
        far.readExactly(7).decodeToString() shouldBe "exactly"
        val four = ByteBuffer.allocate(4)
        while (four.hasRemaining()) far.read(four)
        four.flip().text() shouldBe "read"
        far.awaitReadable()
        far.framed(Delimiter(byteArrayOf(0))).receive() shouldBe byteArrayOf(3)
        far.framed(short).incoming.toList().single() shouldBe byteArrayOf(2)
    }

    contract.test("a flow of frames leaves the rest to others") { near, far ->
        near.framed(Lines()).sendAll(List(5) { "$it" })
        far.framed(Lines()).incoming.take(3).toList().shouldContainExactly("0", "1", "2")
        far.readLine() shouldBe "3"
        far.framed(Lines()).receive() shouldBe "4"
    }

    contract.test("a second receiver fails at once, and the first goes on") { near, far ->
        val first = async(start = UNDISPATCHED) { far.framed(short).receive() }
        shouldThrow<IllegalStateException> { far.framed(short).receive() }.message shouldContain far.endpoint.toString()
        shouldThrow<IllegalStateException> { far.framed(Lines()).incoming.collect() }
        near.framed(short).send(byteArrayOf(1))
        first.await() shouldBe byteArrayOf(1)
    }

    contract.test("a byte is shown to a codec once, however the frame comes") { near, far ->
        val length = 5_000
        var shown = 0
        val counting = object : FrameCodec<String> by Lines() {
            override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): String? {
                shown += bytes.remaining() - seen
                return Lines().decode(bytes, seen, peer)
            }
        }
        launch { bytes("x".repeat(length) + "\n").let { while (it.hasRemaining()) near.write(it.single()) } }
        far.framed(counting).receive()?.length shouldBe length
        shown shouldBe length + 1
    }

    contract.test("closing ends who receives, and frames say where they go") { near, far ->
        val frames = far.framed(short)
        val receiving = async(start = UNDISPATCHED) { runCatching { frames.receive() } }
        far.close()
        receiving.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>()
        shouldThrow<ConnectionClosed> { frames.receive() }
        shouldThrow<ConnectionClosed> { frames.send(ByteArray(1)) }
        near.framed(short).receive() shouldBe null
        "$frames" shouldBe "connection ${far.id} to ${far.endpoint} in $short"
    }
})

/** The next byte of this buffer, as a buffer. */
private fun ByteBuffer.single(): ByteBuffer = ByteBuffer.wrap(byteArrayOf(get()))
