package io.hawser.testkit.contract

import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.io.IOException
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield

/** What [io.hawser.transport.RawStream.wakeReader] does to the reader of a raw stream. */
@OptIn(TransportApi::class)
public abstract class WakeReaderContract(transport: ContractTransport) : StringSpec({
    val contract = StreamTests(this, transport)

    contract.rawTest("a reader that waits is woken although nothing came") { raw, near, far ->
        repeat(3) {
            val waiting = launch(start = UNDISPATCHED) { raw.awaitReadable() }
            raw.wakeReader()
            waiting.join()
            repeat(2) { raw.read(ByteBuffer.allocate(1)) shouldBe 0 }
        }
        far.writeLine("something")
        near.readLine() shouldBe "something"
    }

    contract.rawTest("a wake-up that comes before the wait ends it at once, and is no byte and no end") { raw, near, far ->
        raw.wakeReader()
        raw.awaitReadable()
        raw.read(ByteBuffer.allocate(1)) shouldBe 0
        far.shutdownOutput()
        near.read(ByteBuffer.allocate(1)) shouldBe -1
    }

    contract.rawTest("wake-ups do not add up") { raw, _, far ->
        // A wait may return without a cause, but not as often as it has been woken.
        suspend fun returns(): Int {
            var count = 0
            while (withTimeoutOrNull(50.milliseconds) { raw.awaitReadable() } != null) {
                raw.read(ByteBuffer.allocate(1)) shouldBe 0
                count++
            }
            return count
        }
        repeat(10) { raw.wakeReader() }
        raw.awaitReadable()
        returns() shouldBeLessThan 5
        far.writeLine("x")
        val buffer = ByteBuffer.allocate(10)
        while (buffer.position() < 2) {
            raw.awaitReadable()
            raw.read(buffer)
        }
        returns() shouldBeLessThan 5
    }

    contract.rawTest("a writer that waits is not woken") { raw, _, _ ->
        while (raw.write(ByteBuffer.allocate(SMALL)) > 0) Unit
        val waiting = async(start = UNDISPATCHED) { raw.awaitWritable() }
        raw.wakeReader()
        withTimeoutOrNull(50.milliseconds) { waiting.await() } shouldBe null
        waiting.cancelAndJoin()
    }

    contract.rawTest("a wake-up that a cancelled wait was given is there for the next") { raw, _, _ ->
        repeat(5_000) { round ->
            var returned = false
            coroutineScope {
                val waiting = launch(Dispatchers.Default) {
                    raw.awaitReadable()
                    returned = true
                }
                val waking = launch(Dispatchers.Default) { raw.wakeReader() }
                repeat(round % 5) { yield() }
                waiting.cancel()
                joinAll(waiting, waking)
            }
            if (!returned) raw.awaitReadable()
        }
    }

    for (place in listOf("on its loop", "on Dispatchers.Default")) {
        contract.rawTest("bytes and wake-ups that come at the same time are both seen by a reader $place, ten thousand times") {
                raw,
                _,
                far,
            ->
            val wakeUps = AtomicInteger()
            val one = ByteBuffer.allocate(1)
            withContext(if (place == "on its loop") raw.loop.dispatcher else Dispatchers.Default) {
                for (round in 1..10_000) {
                    launch(Dispatchers.Default) { far.write(ByteBuffer.allocate(1)) }
                    launch(Dispatchers.Default) {
                        repeat(round % 20) { Thread.onSpinWait() }
                        wakeUps.incrementAndGet()
                        raw.wakeReader()
                    }
                    var received = 0
                    while (received == 0 || wakeUps.get() < round) {
                        if (received == 0) received = raw.read(one.clear())
                        if (received == 0 || wakeUps.get() < round) raw.awaitReadable()
                    }
                }
            }
        }

        contract.rawTest("a reader $place goes on there when it is woken elsewhere") { raw, _, _ ->
            withContext(if (place == "on its loop") raw.loop.dispatcher else Dispatchers.Default) {
                val thread = Thread.currentThread().name
                repeat(100) {
                    val waiting = async(start = UNDISPATCHED) {
                        raw.awaitReadable()
                        Thread.currentThread().name
                    }
                    launch(Dispatchers.IO) { raw.wakeReader() }
                    waiting.await().withoutNumber() shouldBe thread.withoutNumber()
                }
            }
        }
    }

    contract.rawTest("a reader on its loop does not go on within the call that wakes it there") { raw, _, _ ->
        withContext(raw.loop.dispatcher) {
            val order = mutableListOf<String>()
            val waiting = launch(start = UNDISPATCHED) {
                raw.awaitReadable()
                order += "awake"
            }
            raw.wakeReader()
            order += "woken"
            waiting.join()
            order.shouldContainExactly("woken", "awake")
        }
    }

    contract.rawTest("a reader without a dispatcher goes on in a thread of Dispatchers.Default") { raw, _, _ ->
        val thread = CompletableDeferred<String>()
        suspend {
            raw.awaitReadable()
            Thread.currentThread().name
        }.startCoroutine(Continuation(EmptyCoroutineContext) { thread.complete(it.getOrThrow()) })
        withContext(raw.loop.dispatcher) { raw.wakeReader() }
        thread.await() shouldContain "DefaultDispatcher"
    }

    contract.rawTest("after the end a wake-up does nothing") { raw, near, _ ->
        raw.wakeReader()
        near.close()
        repeat(3) {
            raw.wakeReader()
            shouldThrow<IOException> { raw.awaitReadable() }
            shouldThrow<IOException> { raw.read(ByteBuffer.allocate(1)) }
        }
        near.awaitClosed()
        raw.wakeReader()
    }

    contract.rawTest("a wake-up while the stream is closed leaves nobody waiting") { raw, near, _ ->
        val waiting = async(Dispatchers.Default) {
            shouldThrow<IOException> {
                while (true) {
                    raw.awaitReadable()
                    raw.read(ByteBuffer.allocate(1))
                }
            }
        }
        val waking = launch(Dispatchers.Default) { repeat(1_000) { raw.wakeReader() } }
        yield()
        near.close()
        waiting.await()
        waking.join()
    }
})

/** The pool or loop of a thread, and of a coroutine's name nothing. */
private fun String.withoutNumber(): String = if ("DefaultDispatcher" in this) "DefaultDispatcher" else substringBefore(" @")
