package io.hawser.testkit.contract

import io.hawser.CloseReason
import io.hawser.ConnectionClosed
import io.hawser.ConnectionLost
import io.hawser.ConnectionReset
import io.hawser.SocketFailure
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeIn
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

/** What every connection keeps, whatever carries it: reading, writing, cancelling, closing. */
@OptIn(TransportApi::class)
public abstract class ConnectionContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)

    contract.test("a read returns at least one byte, and the end for ever after") { near, far ->
        far.write(bytes("hello"))
        far.shutdownOutput()
        val buffer = ByteBuffer.allocate(100)
        while (near.read(buffer).also { it shouldNotBe 0 } > 0) Unit
        buffer.flip().text() shouldBe "hello"
        repeat(3) { near.read(ByteBuffer.allocate(1)) shouldBe -1 }
    }

    contract.test("a read into a buffer without room is refused") { near, _ ->
        shouldThrow<IllegalArgumentException> { near.read(ByteBuffer.allocate(0)) }.message shouldContain "no room"
        shouldThrow<IllegalArgumentException> { near.read(ByteBuffer.allocate(1).asReadOnlyBuffer()) }.message shouldContain "read-only"
        near.isOpen shouldBe true
    }

    contract.test("a read that never waits can be cancelled") { near, far ->
        val flood = launch(Dispatchers.Default) { runCatching { while (true) far.write(ByteBuffer.allocate(SMALL)) } }
        val reading = launch(Dispatchers.Default) { while (true) near.readExactly(8) }
        while (near.bytesRead < SMALL) yield()
        reading.cancelAndJoin()
        near.close()
        flood.join()
    }

    contract.test("a write of nothing sends nothing") { near, far ->
        near.write(ByteBuffer.allocate(0))
        near.write(arrayOf())
        near.writeLine("x")
        far.readLine() shouldBe "x"
    }

    contract.test("a large write arrives whole while both sides send at once") { near, far ->
        val there = Random(1).nextBytes(LARGE)
        val back = Random(2).nextBytes(LARGE)
        launch { near.write(ByteBuffer.wrap(there)) }
        launch { far.write(ByteBuffer.wrap(back).direct()) }
        val received = async { near.readExactly(LARGE) }
        far.readExactly(LARGE).contentEquals(there) shouldBe true
        received.await().contentEquals(back) shouldBe true
        near.bytesRead shouldBe LARGE
        far.bytesWritten shouldBe LARGE
    }

    contract.test("a gathering write leaves as one message, in order") { near, far ->
        val parts = Array(3_000) { i -> bytes("$i,").let { if (i % 3 == 0) it.direct() else it } }
        parts[7] = ByteBuffer.allocate(0)
        val expected = parts.joinToString("") { it.duplicate().text() }
        launch { near.write(parts) }
        far.readExactly(expected.length).decodeToString() shouldBe expected
        parts.all { !it.hasRemaining() } shouldBe true
    }

    contract.test("waiting for bytes takes none, and returns at the end too") { near, far ->
        val waiting = async(start = UNDISPATCHED) { near.awaitReadable() }
        far.write(bytes("ab"))
        waiting.await()
        near.awaitReadable()
        near.readExactly(2).decodeToString() shouldBe "ab"
        far.close()
        near.awaitReadable()
        near.read(ByteBuffer.allocate(1)) shouldBe -1
        near.awaitReadable()
    }

    contract.test("a second reader fails at once, and the first goes on") { near, far ->
        val first = async(start = UNDISPATCHED) { near.readLine() }
        shouldThrow<IllegalStateException> { near.read(ByteBuffer.allocate(1)) }.message shouldContain near.endpoint.toString()
        shouldThrow<IllegalStateException> { near.readLine() }
        shouldThrow<IllegalStateException> { near.awaitReadable() }
        far.writeLine("for the first")
        first.await() shouldBe "for the first"
    }

    contract.test("a hundred writers never interleave, and each keeps its order") { near, far ->
        val writers = 100
        val messages = 50
        coroutineScope {
            repeat(writers) { writer ->
                launch(if (writer % 2 == 0) Dispatchers.Default else kotlin.coroutines.EmptyCoroutineContext) {
                    repeat(messages) { near.writeLine("$writer $it ${"x".repeat(writer * 13)}") }
                }
            }
            launch {
                val next = IntArray(writers)
                repeat(writers * messages) {
                    val (writer, number, tail) = checkNotNull(far.readLine()).split(' ')
                    number.toInt() shouldBe next[writer.toInt()]++
                    tail.length shouldBe writer.toInt() * 13
                }
            }
        }
    }

    contract.test("writes leave in the order of their calls") { near, far ->
        coroutineScope {
            launch(start = UNDISPATCHED) { near.write(ByteBuffer.allocate(LARGE)) }
            repeat(20) { launch(start = UNDISPATCHED) { near.writeLine("$it") } }
            launch {
                far.readExactly(LARGE)
                repeat(20) { far.readLine() shouldBe "$it" }
            }
        }
    }

    contract.test("a cancelled read loses no byte and can be tried again at once") { near, far ->
        val random = Random(3)
        val total = 3_000
        launch {
            repeat(total) {
                far.write(ByteBuffer.wrap(byteArrayOf(it.toByte())))
                if (random.nextInt(4) == 0) yield()
            }
        }
        var received = 0
        val buffer = ByteBuffer.allocate(16)
        while (received < total) {
            val reading = launch(start = UNDISPATCHED) { near.read(buffer) }
            if (random.nextBoolean()) yield()
            reading.cancelAndJoin()
            buffer.flip()
            while (buffer.hasRemaining()) buffer.get() shouldBe received++.toByte()
            buffer.clear()
        }
    }

    if (!transport.hasRecords) {
        contract.narrowTest("a write that is cancelled before its first byte sends nothing") { near, far ->
            val filled = fill(near.transport)
            // Single bytes, so that the one that does not fit has sent nothing.
            var written = 0L
            val one = ByteBuffer.allocateDirect(1)
            while (withTimeoutOrNull(300.milliseconds) { near.write(one.clear()) } != null || near.bytesWritten > written) written++
            near.isOpen shouldBe true
            near.bytesWritten shouldBe written
            launch { far.readExactly((filled + written).toInt()) }.join()
            near.writeLine("after")
            far.readLine() shouldBe "after"
        }
    }

    contract.test("a write that is cancelled before its turn sends nothing") { near, far ->
        val first = launch(start = UNDISPATCHED) { near.write(ByteBuffer.allocate(LARGE)) }
        val second = launch(start = UNDISPATCHED) { near.writeLine("never") }
        val third = launch(start = UNDISPATCHED) { near.writeLine("after") }
        second.cancelAndJoin()
        far.readExactly(LARGE)
        far.readLine() shouldBe "after"
        joinAll(first, third)
        near.isOpen shouldBe true
    }

    contract.test("a write that is cancelled in the middle aborts, because half a message would corrupt the stream") { near, far ->
        val writing = launch(start = UNDISPATCHED) { near.write(ByteBuffer.allocate(LARGE)) }
        far.awaitReadable()
        writing.cancelAndJoin()
        near.isOpen shouldBe false
        shouldThrow<ConnectionClosed> { near.writeLine("x") }
        transport.shouldMeetAbort { while (far.read(ByteBuffer.allocate(LARGE)) >= 0) Unit }
        if (transport.resets) far.closeReason shouldBe CloseReason.Reset
    }

    contract.test("closing fails pending and later calls with ConnectionClosed") { near, far ->
        val reading = async(start = UNDISPATCHED) { runCatching { near.read(ByteBuffer.allocate(1)) } }
        val writing = async(start = UNDISPATCHED) { runCatching { near.write(ByteBuffer.allocate(LARGE)) } }
        near.close()
        reading.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>().message shouldContain near.endpoint.toString()
        writing.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>()
        shouldThrow<ConnectionClosed> { near.read(ByteBuffer.allocate(1)) }.reason shouldBe CloseReason.Local
        shouldThrow<ConnectionClosed> { near.write(bytes("x")) }
        shouldThrow<ConnectionClosed> { near.readLine() }
        shouldThrow<ConnectionClosed> { near.readExactly(1) }
        shouldThrow<ConnectionClosed> { near.awaitReadable() }
        shouldThrow<ConnectionClosed> { near.shutdownOutput() }
        near.awaitClosed()
        near.closeReason shouldBe CloseReason.Local
        transport.shouldMeetCut { while (far.read(ByteBuffer.allocate(LARGE)) >= 0) Unit }
    }

    contract.test("closing is idempotent, from many threads at once") { near, far ->
        withContext(Dispatchers.Default) { List(16) { async { near.close() } }.awaitAll() }
        near.close()
        near.awaitClosed()
        far.read(ByteBuffer.allocate(1)) shouldBe -1
        far.close()
        far.closeReason shouldBe CloseReason.Peer
    }

    contract.test("what was written arrives even if we close with bytes of the peer unread") { near, far ->
        val answer = Random(4).nextBytes(SMALL)
        far.write(ByteBuffer.allocate(SMALL))
        near.awaitReadable()
        near.write(ByteBuffer.wrap(answer))
        near.close()
        far.readExactly(SMALL).contentEquals(answer) shouldBe true
        far.read(ByteBuffer.allocate(1)) shouldBe -1
    }

    contract.test("closing does not wait for a peer that stopped reading") { near, far ->
        val stuck = async(start = UNDISPATCHED) { runCatching { near.write(ByteBuffer.allocate(LARGE)) } }
        far.awaitReadable()
        near.close()
        near.awaitClosed()
        stuck.await().exceptionOrNull().shouldBeInstanceOf<ConnectionClosed>()
    }

    contract.test("the peer of an abort sees a reset, or an end where there are no resets") { near, far ->
        val reading = async(start = UNDISPATCHED) { runCatching { far.read(ByteBuffer.allocate(1)) } }
        near.abort()
        near.abort()
        if (transport.resets) {
            reading.await().exceptionOrNull().shouldBeInstanceOf<ConnectionReset>().message shouldContain "reset by the peer"
            far.closeReason shouldBe CloseReason.Reset
            shouldThrow<ConnectionReset> { far.read(ByteBuffer.allocate(1)) }
            shouldThrow<ConnectionReset> { far.writeLine("x") }
        } else if (transport.hasRecords) {
            reading.await().exceptionOrNull().shouldBeInstanceOf<SocketFailure>()
            far.isOpen shouldBe false
        } else {
            reading.await().getOrThrow() shouldBe -1
            // Until its descriptor is closed the system takes what is written to it.
            near.awaitClosed()
            shouldThrow<ConnectionReset> { far.writeLine("x") }
        }
        shouldThrow<ConnectionClosed> { near.read(ByteBuffer.allocate(1)) }
    }

    contract.test("ending our direction leaves the other open") { near, far ->
        near.writeLine("request")
        near.shutdownOutput()
        near.shutdownOutput()
        far.readLine() shouldBe "request"
        far.readLine() shouldBe null
        far.writeLine("answer")
        near.readLine() shouldBe "answer"
        shouldThrow<IllegalStateException> { near.writeLine("more") }.message shouldContain "shut down"
        near.isOpen shouldBe true
    }

    contract.test("writing to a peer that has closed fails soon, and stays failed") { near, far ->
        far.close()
        far.awaitClosed()
        val failure = withTimeoutOrNull(5.seconds) {
            generateSequence(0) { it + 1 }.firstNotNullOf { runCatching { near.writeLine("$it") }.exceptionOrNull() }
        }
        failure.shouldBeInstanceOf<ConnectionLost>()
        repeat(3) { shouldThrow<ConnectionLost> { near.writeLine("x") } }
    }

    contract.test("both ends know each other, and no two connections share an id") { near, far ->
        near.remote shouldBe far.local
        near.id shouldNotBe far.id
        near.closeReason shouldBe null
        near.toString() shouldContain near.endpoint.toString()
        near.close()
        near.remote shouldBe far.local
        near.closeReason.toString() shouldBe "closed on this side"
    }

    contract.test("a peer that goes while we write is an end or a reset, never a hang") { near, far ->
        val writing = async { runCatching { repeat(1_000) { near.write(ByteBuffer.allocate(SMALL)) } } }
        far.awaitReadable()
        far.close()
        writing.await().exceptionOrNull()?.javaClass shouldBeIn listOf(ConnectionReset::class.java, ConnectionLost::class.java)
    }
})

/** Gives [stream] as much as it takes at once, and returns how many bytes that is. */
@OptIn(TransportApi::class)
private fun fill(stream: RawStream): Long {
    val some = ByteBuffer.allocateDirect(SMALL)
    return generateSequence { stream.write(some.clear()).toLong().takeIf { it > 0 } }.sum()
}
