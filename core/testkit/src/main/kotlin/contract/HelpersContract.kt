package io.hawser.testkit.contract

import io.hawser.ConnectionClosed
import io.hawser.ConnectionReset
import io.hawser.FrameTooLarge
import io.hawser.SocketFailure
import io.hawser.UnexpectedEnd
import io.hawser.copyTo
import io.hawser.relay
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import java.nio.file.FileSystemException
import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import kotlin.io.path.deleteExisting
import kotlin.io.path.writeBytes
import kotlin.random.Random
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.fold
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** What the helpers of every connection keep: lines, exact reads, flows, copies, files. */
public abstract class HelpersContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)

    contract.test("lines end with a line feed, with or without a carriage return before it") { near, far ->
        near.write(bytes("one\ntwo\r\n\n\r\ngrüße €😀\na\rb\n"))
        near.shutdownOutput()
        far.lines().toList().shouldContainExactly("one", "two", "", "", "grüße €😀", "a\rb")
        far.readLine() shouldBe null
    }

    contract.test("a line that comes byte by byte is one line") { near, far ->
        val line = "äöü".repeat(500)
        launch { "$line\nnext\n".encodeToByteArray().forEach { near.write(ByteBuffer.wrap(byteArrayOf(it))) } }
        far.readLine() shouldBe line
        far.readLine() shouldBe "next"
    }

    contract.test("half a line at the end is no line") { near, far ->
        near.write(bytes("whole\nhal"))
        near.shutdownOutput()
        far.readLine() shouldBe "whole"
        val failure = shouldThrow<UnexpectedEnd> { far.readLine() }
        failure.received shouldBe 3
        failure.message shouldBe "${far.endpoint} ended the stream after 3 bytes of a line"
        far.readExactly(3).decodeToString() shouldBe "hal"
    }

    contract.test("a line may be as long as its limit, and not longer") { near, far ->
        val longest = "x".repeat(10)
        near.write(bytes("$longest\n$longest\r\n${longest}y\n"))
        far.readLine(limit = 10) shouldBe longest
        far.readLine(limit = 10) shouldBe longest
        repeat(2) {
            val failure = shouldThrow<FrameTooLarge> { far.readLine(limit = 10) }
            failure.limit shouldBe 10
            failure.message shouldBe "${far.endpoint} sent a line over the limit of 10 bytes"
        }
        far.readLine(limit = 11) shouldBe "${longest}y"
        shouldThrow<IllegalArgumentException> { far.readLine(limit = -1) }.message shouldContain "-1"
    }

    contract.test("an endless line is refused at its limit") { near, far ->
        val sending = launch { runCatching { while (true) near.write(ByteBuffer.wrap(ByteArray(SMALL) { 'x'.code.toByte() })) } }
        shouldThrow<FrameTooLarge> { far.readLine(limit = 100_000) }
        far.close()
        sending.join()
    }

    contract.test("what one read ahead stays for the next") { near, far ->
        near.write(bytes("line\nexactrest\nlast"))
        near.shutdownOutput()
        far.readLine() shouldBe "line"
        far.readExactly(5).decodeToString() shouldBe "exact"
        val two = ByteBuffer.allocate(2)
        far.read(two) shouldBe 2
        two.flip().text() shouldBe "re"
        far.awaitReadable()
        far.readLine() shouldBe "st"
        val rest = ByteArrayOutputStream()
        far.incoming().collect(rest::write)
        rest.toString() shouldBe "last"
    }

    contract.test("an exact read that is cancelled or cut short puts back what came") { near, far ->
        near.write(bytes("abc"))
        val reading = launch(start = UNDISPATCHED) { far.readExactly(10) }
        while (far.bytesRead < 3) yield()
        reading.cancelAndJoin()
        near.shutdownOutput()
        val failure = shouldThrow<UnexpectedEnd> { far.readExactly(10) }
        failure.message shouldBe "${far.endpoint} ended the stream after 3 bytes of 10 bytes"
        far.readExactly(3).decodeToString() shouldBe "abc"
        far.readExactly(0).size shouldBe 0
        shouldThrow<IllegalArgumentException> { far.readExactly(-1) }
    }

    contract.test("a cancelled line is there for the next reader") { near, far ->
        near.write(bytes("ha"))
        val reading = launch(start = UNDISPATCHED) { far.readLine() }
        while (far.bytesRead < 2) yield()
        reading.cancelAndJoin()
        near.write(bytes("lf\n"))
        far.readLine() shouldBe "half"
    }

    contract.test("a flow of what comes in leaves the rest to others") { near, far ->
        val data = Random(5).nextBytes(LARGE)
        launch {
            near.write(ByteBuffer.wrap(data))
            near.writeLine("and a line")
            near.shutdownOutput()
        }
        val first = far.incoming().take(1).toList().single()
        val rest = far.readExactly(LARGE - first.size)
        (first + rest).contentEquals(data) shouldBe true
        far.lines().toList().shouldContainExactly("and a line")
    }

    contract.test("a flow that is cancelled anywhere loses nothing") { near, far ->
        val total = 20_000
        launch { repeat(total) { near.writeLine("$it") } }
        var next = 0
        var bytes = 0
        var attempts = 0
        while (next < total) {
            val collecting = launch(Dispatchers.Default) {
                far.lines().collect { it.toInt() shouldBe next++ }
            }
            repeat(attempts++ % 7) { yield() }
            collecting.cancelAndJoin()
        }
        launch { near.write(ByteBuffer.allocate(LARGE)) }
        while (bytes < LARGE) {
            val collecting = launch(Dispatchers.Default) { far.incoming().collect { bytes += it.size } }
            repeat(attempts++ % 7) { yield() }
            collecting.cancelAndJoin()
        }
        bytes shouldBe LARGE
    }

    contract.test("copying sends everything on, up to the end") { near, far ->
        val data = Random(6).nextBytes(LARGE)
        val echoed = async { far.copyTo(far).also { far.shutdownOutput() } }
        launch {
            near.write(ByteBuffer.wrap(data))
            near.shutdownOutput()
        }
        val back = near.incoming().fold(ByteArrayOutputStream(LARGE)) { all, piece -> all.apply { write(piece) } }
        back.toByteArray().contentEquals(data) shouldBe true
        echoed.await() shouldBe LARGE
    }

    contract.test("a copy that is cancelled loses nothing that was not on its way") { near, far ->
        val copying = launch(start = UNDISPATCHED) { far.copyTo(far) }
        copying.cancelAndJoin()
        near.writeLine("still there")
        far.readLine() shouldBe "still there"
    }

    contract.test("a relay carries both ways and passes each end on") { near, far ->
        transport.connected { otherNear, otherFar ->
            val relaying = launch { relay(far, otherNear) }
            near.writeLine("question")
            near.shutdownOutput()
            otherFar.readLine() shouldBe "question"
            otherFar.readLine() shouldBe null
            otherFar.writeLine("answer")
            otherFar.shutdownOutput()
            near.readLine() shouldBe "answer"
            near.readLine() shouldBe null
            relaying.join()
        }
    }

    contract.test("a relay that fails resets both sides: an end would say that all has arrived") { near, far ->
        transport.connected { otherNear, otherFar ->
            val relaying = async { runCatching { relay(far, otherNear) }.exceptionOrNull() }
            near.writeLine("half of it")
            otherFar.readLine() shouldBe "half of it"
            near.abort()
            if (transport.resets) {
                relaying.await().shouldBeInstanceOf<ConnectionReset>()
                shouldThrow<ConnectionReset> { otherFar.readLine() }
                far.isOpen shouldBe false
            } else if (transport.hasRecords) {
                relaying.await().shouldBeInstanceOf<SocketFailure>()
                shouldThrow<SocketFailure> { otherFar.readLine() }
                far.isOpen shouldBe false
            } else {
                otherFar.readLine() shouldBe null
                otherFar.close()
                relaying.await()
            }
        }
    }

    contract.test("a relay that is cancelled leaves both connections as they are") { near, far ->
        transport.connected { otherNear, otherFar ->
            val relaying = launch { relay(far, otherNear) }
            near.writeLine("first")
            otherFar.readLine() shouldBe "first"
            relaying.cancelAndJoin()
            near.writeLine("second")
            far.readLine() shouldBe "second"
            otherNear.writeLine("third")
            otherFar.readLine() shouldBe "third"
        }
    }

    contract.test("a file arrives whole, or the part that was asked for") { near, far ->
        val data = Random(7).nextBytes(LARGE + 12_345)
        val file = Files.createTempFile("hawser", ".bin")
        try {
            file.writeBytes(data)
            launch {
                near.sendFile(file) shouldBe data.size
                near.sendFile(file, position = 100, count = 50) shouldBe 50
                near.sendFile(file, position = data.size - 10L, count = 1_000) shouldBe 10
                near.sendFile(file, position = data.size + 10L) shouldBe 0
                near.writeLine("after")
            }
            far.readExactly(data.size).contentEquals(data) shouldBe true
            far.readExactly(50).contentEquals(data.copyOfRange(100, 150)) shouldBe true
            far.readExactly(10).contentEquals(data.copyOfRange(data.size - 10, data.size)) shouldBe true
            far.readLine() shouldBe "after"
        } finally {
            file.deleteExisting()
        }
        shouldThrow<NoSuchFileException> { near.sendFile(file) }
        shouldThrow<FileSystemException> { near.sendFile(Path.of(".")) }.message shouldContain "not a regular file"
        shouldThrow<IllegalArgumentException> { near.sendFile(file, position = -1) }
        near.isOpen shouldBe true
        near.close()
        shouldThrow<NoSuchFileException> { near.sendFile(file) }
        shouldThrow<ConnectionClosed> { near.writeLine("x") }
    }

    contract.test("a file that is cancelled in the middle aborts") { near, far ->
        val file = Files.createTempFile("hawser", ".bin")
        try {
            file.writeBytes(ByteArray(LARGE))
            val sending = launch { near.sendFile(file) }
            far.awaitReadable()
            sending.cancelAndJoin()
            near.isOpen shouldBe false
            transport.shouldMeetAbort { while (far.read(ByteBuffer.allocate(SMALL)) >= 0) Unit }
        } finally {
            file.deleteExisting()
        }
    }

    contract.test("any mix of writes is read by any mix of reads") { near, far ->
        val random = Random(8)
        val data = random.nextBytes(2_000_000)
        launch {
            var sent = 0
            while (sent < data.size) {
                val size = minOf(data.size - sent, if (random.nextInt(10) == 0) random.nextInt(200_000) else random.nextInt(3_000))
                val piece = ByteBuffer.wrap(data, sent, size)
                when (random.nextInt(3)) {
                    0 -> near.write(piece.slice().direct())

                    1 -> near.write(piece)

                    else -> near.write(
                        arrayOf(ByteBuffer.wrap(data, sent, size / 2), ByteBuffer.wrap(data, sent + size / 2, size - size / 2)),
                    )
                }
                sent += size
            }
            near.shutdownOutput()
        }
        val received = ByteArrayOutputStream(data.size)
        val choice = Random(9)
        while (received.size() < data.size) {
            when (choice.nextInt(4)) {
                0 -> received.write(far.readExactly(minOf(data.size - received.size(), choice.nextInt(10_000))))

                1 -> far.incoming().take(1).collect(received::write)

                2 -> far.awaitReadable()

                else -> {
                    val buffer = ByteBuffer.allocate(1 + choice.nextInt(5_000))
                    val count = far.read(buffer)
                    received.write(buffer.array(), 0, count)
                }
            }
        }
        received.toByteArray().contentEquals(data) shouldBe true
        far.read(ByteBuffer.allocate(1)) shouldBe -1
    }
})
