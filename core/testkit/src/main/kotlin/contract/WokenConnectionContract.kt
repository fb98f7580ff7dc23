package io.hawser.testkit.contract

import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import java.io.ByteArrayOutputStream
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** That whoever reads from a connection sees nothing of its raw stream being woken: [io.hawser.transport.RawStream.wakeReader]. */
@OptIn(TransportApi::class)
public abstract class WokenConnectionContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)

    contract.rawTest("whatever a connection reads, it does not notice that its stream is woken all the time") { raw, near, far ->
        val waking = pester(raw)
        val sent = List(300) { "line $it" }
        repeat(2) {
            launch { sent.forEach { far.write(bytes(it)).also { yield() }.also { far.write(bytes("\n")) } } }
            sent.forEach { line ->
                if (line.length % 2 == 0) near.awaitReadable()
                near.readLine() shouldBe line
            }
        }
        launch { repeat(1_000) { far.write(bytes("0123456789")).also { yield() } } }
        repeat(100) { near.readExactly(50).decodeToString() shouldBe "0123456789".repeat(5) }
        val received = ByteArrayOutputStream()
        val some = ByteBuffer.allocate(7)
        while (received.size() < 5_000) {
            near.awaitReadable()
            val count = near.read(some.clear().limit(minOf(7, 5_000 - received.size())))
            received.write(some.array(), 0, count)
        }
        received.toString() shouldBe "0123456789".repeat(500)
        launch {
            sent.forEach { far.writeLine(it) }
            far.shutdownOutput()
        }
        near.lines().toList().shouldContainExactly(sent)
        near.awaitReadable()
        near.read(some.clear()) shouldBe -1
        waking.cancelAndJoin()
    }

    contract.rawTest("waiting for something to read goes on until there is something, however often it is woken") { raw, near, far ->
        val waking = pester(raw)
        val before = near.bytesRead
        val waiting = async { near.awaitReadable() }
        delay(50.milliseconds)
        waiting.isActive shouldBe true
        near.bytesRead shouldBe before
        far.write(bytes("half"))
        waiting.await()
        repeat(3) { near.awaitReadable() }
        far.write(bytes(" a line\nmore"))
        near.readLine() shouldBe "half a line"
        near.readExactly(4).decodeToString() shouldBe "more"
        val untilTheEnd = async { near.awaitReadable() }
        far.shutdownOutput()
        untilTheEnd.await()
        near.readLine() shouldBe null
        waking.cancelAndJoin()
    }

    contract.rawTest("waits for something to read that are cancelled while they are woken lose no byte") { raw, near, far ->
        val waking = pester(raw)
        val total = 20_000
        launch(Dispatchers.Default) {
            repeat(total) {
                far.write(ByteBuffer.wrap(byteArrayOf(it.toByte())))
                if (it % 100 == 0) yield()
            }
            far.shutdownOutput()
        }
        val received = ByteArrayOutputStream()
        val some = ByteBuffer.allocate(50)
        while (true) {
            val waiting = launch(Dispatchers.Default) { near.awaitReadable() }
            repeat(received.size() % 4) { yield() }
            waiting.cancelAndJoin()
            val count = near.read(some.clear())
            if (count < 0) break
            received.write(some.array(), 0, count)
        }
        received.toByteArray().contentEquals(ByteArray(total) { it.toByte() }) shouldBe true
        waking.cancelAndJoin()
    }
})

@OptIn(TransportApi::class)
private fun CoroutineScope.pester(stream: RawStream) = launch(Dispatchers.Default) {
    while (isActive) {
        stream.wakeReader()
        yield()
    }
}
