package io.hawser.testkit.contract

import io.hawser.DatagramClientOptions
import io.hawser.DatagramSocket
import io.hawser.DatagramTooLarge
import io.hawser.ExchangeTimeout
import io.hawser.Hawser
import io.hawser.PeerUnreachable
import io.hawser.SocketClosed
import io.hawser.WhenQueueFull
import io.hawser.event.DatagramEvent
import io.hawser.event.SocketEvent
import io.hawser.outbox
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.nio.ByteBuffer
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield

/** What every socket of datagrams keeps, and every client. */
public abstract class DatagramContract(transport: ContractDatagrams) : StringSpec({
    val contract = DatagramTests(this, transport)

    contract.echo("a datagram arrives whole and by itself, an empty one too") { _, socket ->
        for (size in listOf(0, 1, 2, 508, 1_472, 8_192, 0, 60_000)) {
            val bytes = Random(size).nextBytes(size)
            socket.send(bytes)
            socket.receive().bytes.contentEquals(bytes) shouldBe true
        }
    }

    contract.echo("a thousand datagrams of random sizes come back as they were") { _, socket ->
        val random = Random(1)
        repeat(1_000) {
            val bytes = random.nextBytes(random.nextInt(8_193))
            socket.send(ByteBuffer.wrap(bytes).direct())
            socket.receive().bytes.contentEquals(bytes) shouldBe true
        }
    }

    contract.echo("what is too large is refused before anything is sent, and the socket goes on") { server, socket ->
        val failure = shouldThrow<DatagramTooLarge> { socket.send(ByteArray(16 * 1024 * 1024)) }
        failure.message shouldBe "a datagram of 16777216 bytes for ${server.endpoint} is over the limit of ${failure.limit} bytes"
        shouldThrow<DatagramTooLarge> { socket.trySend(ByteArray(16 * 1024 * 1024)) }.size shouldBe 16 * 1024 * 1024
        socket.send("still".encodeToByteArray())
        socket.receive().text shouldBe "still"
    }

    contract.echo(
        "what is longer than the socket takes says that it was cut",
        DatagramClientOptions {
            maxDatagramSize = 100
        },
    ) { _, socket ->
        socket.send(ByteArray(100) { it.toByte() })
        socket.receive().run { bytes.size to isCut } shouldBe (100 to false)
        socket.send(ByteArray(101) { it.toByte() })
        socket.receive().run { bytes.toList() to isCut } shouldBe (List(100) { it.toByte() } to true)
    }

    contract.echo("what is longer than the buffer says that it was cut, and the next one is whole") { server, socket ->
        val buffer = ByteBuffer.allocate(8)
        socket.send("longer than that".encodeToByteArray())
        socket.receive(buffer).run { Triple(length, isCut, sender) } shouldBe Triple(8, true, server.address)
        buffer.flip().text() shouldBe "longer t"
        socket.send("short".encodeToByteArray())
        buffer.clear()
        socket.receive(buffer).run { length to isCut } shouldBe (5 to false)
        buffer.flip().text() shouldBe "short"
        shouldThrow<IllegalArgumentException> { socket.receive(ByteBuffer.allocate(8).asReadOnlyBuffer()) }
    }

    contract.echo("cancelling a receive loses no datagram") { _, socket ->
        repeat(100) { round ->
            val receiving = launch(start = UNDISPATCHED) { socket.receive() }
            receiving.cancelAndJoin()
            socket.send("$round".encodeToByteArray())
            socket.receive().text shouldBe "$round"
        }
    }

    contract.echo("a second receiver is refused, and leaves the first alone") { server, socket ->
        val first = async(start = UNDISPATCHED) { socket.receive() }
        shouldThrow<IllegalStateException> { socket.receive() }.message shouldBe
            "two coroutines receive from ${server.endpoint} at the same time"
        socket.send("first".encodeToByteArray())
        first.await().text shouldBe "first"
    }

    contract.echo("a close is idempotent, and fails pending and later calls") { _, socket ->
        val pending = async(start = UNDISPATCHED) { runCatching { socket.receive() }.exceptionOrNull() }
        socket.isOpen shouldBe true
        repeat(2) { socket.close() }
        pending.await().shouldBeInstanceOf<SocketClosed>()
        socket.isOpen shouldBe false
        shouldThrow<SocketClosed> { socket.receive() }
        shouldThrow<SocketClosed> { socket.tryReceive() }
        shouldThrow<SocketClosed> { socket.send(ByteArray(1)) }
        shouldThrow<SocketClosed> { socket.trySend(ByteArray(1)) }
        socket.incoming.toList() shouldBe emptyList()
        socket.awaitClosed()
    }

    contract.echo("several at once: sendAll, receiveAll, incoming, trySend") { _, socket ->
        val words = listOf("one", "two", "three").map(String::encodeToByteArray)
        socket.sendAll(words) shouldBe 3
        socket.incoming.take(3).map { it.text }.toList() shouldContainExactly listOf("one", "two", "three")
        socket.sendAll(flowOf(*words.toTypedArray())) shouldBe 3
        val received = mutableListOf<String>()
        while (received.size < 3) received += socket.receiveAll(3 - received.size).map { it.text }
        received shouldContainExactly listOf("one", "two", "three")
        socket.trySend("four".encodeToByteArray()) shouldBe true
        socket.receiveAll(10).map { it.text } shouldBe listOf("four")
        socket.tryReceive() shouldBe null
        shouldThrow<IllegalArgumentException> { socket.receiveAll(0) }.message shouldBe "max < 1: 0"
    }

    contract.run("a peer that is gone is told of once, and one that is back is reached again") {
        transport.serving({ reply(it.bytes) }) { server, client ->
            client.open { socket ->
                socket.exchange("there") shouldBe "there"
                server.close()
                server.awaitClosed()
                shouldThrow<PeerUnreachable> {
                    socket.send("gone".encodeToByteArray())
                    socket.receive()
                }.message shouldBe "nobody receives at ${server.endpoint}"
                coroutineScope {
                    Hawser.datagramServer(server.endpoint).start(this) { reply(it.bytes) }.use { socket.exchange("back") shouldBe "back" }
                }
            }
        }
    }

    contract.run("once sends, gives back the answer, and closes, whatever happens") {
        transport.serving({ if (it.text != "silence") reply(it.bytes) }) { _, client ->
            var used: DatagramSocket? = null
            client.once("status".encodeToByteArray(), timeout = HANG) {
                used = it
                it.receive().text
            } shouldBe "status"
            used?.isOpen shouldBe false
            shouldThrow<ExchangeTimeout> {
                client.once("silence".encodeToByteArray(), timeout = 20.milliseconds) { it.receive() }
            }.message shouldBe "the exchange with ${client.endpoint} was not over within 20 ms"
            shouldThrow<IllegalStateException> {
                client.once("x".encodeToByteArray(), timeout = HANG) {
                    used = it
                    error("answer")
                }
            }.message shouldBe "answer"
            used?.isOpen shouldBe false
            shouldThrow<IllegalArgumentException> { client.once(ByteArray(0), timeout = Duration.ZERO) { } }
        }
    }

    contract.run("a request is sent again until it is answered, and takes no other datagram for the answer") {
        val seen = AtomicInteger()
        val unanswered = AtomicInteger()
        transport.serving({
            if (it.text != "7") {
                unanswered.incrementAndGet()
            } else if (seen.incrementAndGet() > 2) {
                reply("late answer to something else".encodeToByteArray())
                reply("answer ${it.text}".encodeToByteArray())
            }
        }) { _, client ->
            client.request("7".encodeToByteArray(), timeout = 100.milliseconds, retries = 1_000) { request, answer ->
                answer.text == "answer ${request.decodeToString()}"
            }.text shouldBe "answer 7"
            shouldThrow<ExchangeTimeout> {
                client.request(ByteArray(1), timeout = 10.milliseconds, retries = 2)
            }.timeout.toMillis() shouldBe
                30
            // The last one may still be on its way.
            while (unanswered.get() < 3) yield()
            unanswered.get() shouldBe 3
            shouldThrow<IllegalArgumentException> { client.request(ByteArray(1), retries = -1) }.message shouldBe "retries is negative: -1"
        }
    }

    contract.run("an outbox takes a burst, keeps its order, and counts what it has no room for") {
        val received = Channel<String>(Channel.UNLIMITED)
        transport.serving({ received.trySend(it.text) }) { _, client ->
            client.open { socket ->
                coroutineScope {
                    val outbox = socket.outbox(this, capacity = 10)
                    repeat(10) { outbox.offer("$it".encodeToByteArray()) shouldBe true }
                    outbox.close()
                    outbox.awaitSent()
                    outbox.run { listOf(size.toLong(), sent, dropped) } shouldBe listOf(0L, 10L, 0L)
                    shouldThrow<SocketClosed> { outbox.offer(ByteArray(1)) }
                }
                List(10) { received.receive() } shouldBe List(10) { "$it" }
            }
        }
    }

    contract.run("an outbox ends with its scope, and counts what it had left") {
        transport.serving({ }) { _, client ->
            client.open { socket ->
                val scope = CoroutineScope(currentCoroutineContext() + Job())
                scope.cancel()
                val outbox = socket.outbox(scope, capacity = 1, whenFull = WhenQueueFull.DropOldest)
                outbox.awaitSent()
                shouldThrow<SocketClosed> { outbox.offer(ByteArray(1)) }
                outbox.size shouldBe 0
                coroutineScope {
                    val failing = socket.outbox(this, capacity = 2, whenFull = WhenQueueFull.DropOldest)
                    failing.offer(ByteArray(16 * 1024 * 1024)) shouldBe true
                    failing.close()
                    failing.awaitSent()
                    failing.run { sent to dropped } shouldBe (0L to 1L)
                }
            }
        }
    }

    contract.run("the events of a client's socket come in order") {
        val seen = Channel<SocketEvent>(Channel.UNLIMITED)
        transport.serving({ reply(it.bytes) }) { server, _ ->
            val client = transport.client(server, DatagramClientOptions { onEvent { seen.trySend(it) } })
            val socket = client.open()
            socket.exchange("1234") shouldBe "1234"
            socket.close()
            val expected = listOf(
                DatagramEvent.Opened(socket.id, socket.local, server.address),
                DatagramEvent.Sent(socket.id, socket.local, server.address, 4),
                DatagramEvent.Received(socket.id, socket.local, server.address, 4),
                DatagramEvent.Closed(socket.id, socket.local),
            )
            List(4) { seen.receive() } shouldBe expected
            socket.run { bytesRead to bytesWritten } shouldBe (4L to 4L)
        }
    }
})

/** What comes back for [text]. */
internal suspend fun DatagramSocket.exchange(text: String): String {
    send(text.encodeToByteArray())
    return receive().text
}
