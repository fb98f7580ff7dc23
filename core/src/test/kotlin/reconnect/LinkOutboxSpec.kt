@file:OptIn(TransportApi::class)

package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.ConnectionReset
import io.hawser.Endpoint
import io.hawser.WhenQueueFull
import io.hawser.transport.Buffers
import io.hawser.transport.Loop
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit.SECONDS
import kotlin.concurrent.thread
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.startCoroutine
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.DisposableHandle

/** Every message has one outcome, which is what became of it, whatever several threads do at once. */
class LinkOutboxSpec : StringSpec({
    "what is sent while a connection comes and goes leaves once and in order, or is counted" {
        repeat(ROUNDS) {
            val outbox = LinkOutbox(OutboxOptions { maxMessages = 2 })
            val wire = Wire()
            val senders = listOf(Sender(outbox, "ab"), Sender(outbox, "cd"))
            val threads = senders.map { thread { it.sendAll() } } + thread {
                outbox.resume()
                val carrying = running { outbox.carry(Connection(wire)) }
                outbox.pause()
                carrying.get(10, SECONDS)
            }
            threads.forEach(Thread::join)
            outbox.close()
            outbox.shouldAccountFor(wire, senders)
        }
    }

    "what is sent while it finishes leaves, and what comes after the end is refused" {
        repeat(ROUNDS) {
            val outbox = LinkOutbox(
                OutboxOptions {
                    whenFull = WhenQueueFull.DropOldest
                    maxMessages = 1
                },
            )
            val wire = Wire()
            val senders = listOf(Sender(outbox, "ab"), Sender(outbox, "c"))
            val threads = senders.map { thread { it.sendAll() } } + thread {
                outbox.resume()
                val carrying = running { outbox.carry(Connection(wire)) }
                outbox.finish()
                carrying.get(10, SECONDS)
                outbox.close()
            }
            threads.forEach(Thread::join)
            outbox.shouldAccountFor(wire, senders)
        }
    }

    "a connection that breaks, and a close at any time, leave nobody waiting" {
        repeat(ROUNDS) {
            val outbox = LinkOutbox(OutboxOptions { maxMessages = 2 })
            val wire = Wire(breaksAfter = 1)
            val senders = listOf(Sender(outbox, "ab"), Sender(outbox, "c"))
            val threads = senders.map { thread { it.sendAll() } } + thread {
                outbox.resume()
                running { outbox.carry(Connection(wire)) }
                outbox.close()
            }
            threads.forEach(Thread::join)
            outbox.shouldAccountFor(wire, senders)
        }
    }
})

private class Sender(private val outbox: LinkOutbox, val messages: String) {
    val outcomes = messages.map { CompletableFuture<SendOutcome?>() }

    /** Begins to send each before the one before has left. */
    fun sendAll() {
        messages.forEachIndexed { i, message ->
            suspend { outbox.send(byteArrayOf(message.code.toByte())) }
                .startCoroutine(Continuation(EmptyCoroutineContext) { outcomes[i].complete(it.getOrThrow()) })
        }
    }
}

private fun running(block: suspend () -> Any?): CompletableFuture<Any?> = CompletableFuture<Any?>().also { done ->
    block.startCoroutine(Continuation(EmptyCoroutineContext) { done.complete(it.getOrThrow()) })
}

private fun LinkOutbox.shouldAccountFor(wire: Wire, senders: List<Sender>) {
    val written = wire.written.toString()
    for (sender in senders) {
        check(sender.outcomes.all { it.isDone }) { "$written: somebody is still waiting" }
        val mine = written.filter { it in sender.messages }
        check(mine.toList() == mine.toSortedSet().toList()) { "$written: not in order, or twice" }
        sender.outcomes.zip(sender.messages.toList()).forEach { (outcome, message) ->
            val hasLeft = message in written
            val fits = when (outcome.get()) {
                SendOutcome.Sent -> hasLeft
                SendOutcome.Dropped, null -> !hasLeft
                SendOutcome.Queued -> true
            }
            check(fits) { "$written: $message is ${outcome.get()}" }
        }
    }
    val accepted = senders.sumOf { sender -> sender.outcomes.count { it.get() != null } }
    check(accepted.toLong() == written.length + dropped) { "$accepted are not the ${written.length} that left and $dropped dropped" }
    check(size == 0) { "$size are still there" }
}

/** Takes what is written until it breaks. */
private class Wire(private val breaksAfter: Int = Int.MAX_VALUE) : RawStream {
    val written = StringBuilder()

    override fun write(source: ByteBuffer): Int {
        val count = minOf(source.remaining(), breaksAfter - written.length)
        if (count == 0 && source.hasRemaining()) throw ConnectionReset(endpoint)
        repeat(count) { written.append(source.get().toInt().toChar()) }
        return count
    }

    override fun write(sources: Array<ByteBuffer>, from: Int): Long = write(sources[from]).toLong()

    override val loop: Loop = IdleLoop()
    override val local: SocketAddress = address
    override val remote: SocketAddress = address
    override val endpoint: Endpoint = Endpoint.Local("test", "wire")

    override fun read(target: ByteBuffer): Int = 0

    override suspend fun awaitReadable() = Unit

    override fun wakeReader() = Unit

    override suspend fun awaitWritable() = Unit

    override suspend fun shutdownOutput() = Unit

    override fun close() = Unit

    override fun abort() = Unit

    override suspend fun awaitClosed() = Unit

    private companion object {
        val address: SocketAddress = InetSocketAddress.createUnresolved("wire", 1)
    }
}

private class IdleLoop : Loop {
    override val dispatcher: CoroutineDispatcher = Dispatchers.Unconfined
    override val buffers = Buffers(64, spares = 2, direct = false)

    override fun nanoTime(): Long = 0

    override fun schedule(after: Duration, action: Runnable): DisposableHandle = DisposableHandle {}

    override fun spent(): Boolean = false
}

private const val ROUNDS = 2_000
