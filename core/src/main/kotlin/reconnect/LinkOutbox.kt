package io.hawser.reconnect

import io.hawser.Connection
import io.hawser.WhenQueueFull
import java.io.IOException
import java.nio.ByteBuffer
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.yield

/**
 * What a link has been given to send. While it is connected a message waits together with its sender; while it is not, alone, and then
 * [options] bound how many do. Messages leave in the order in which they came, those that waited alone first.
 */
internal class LinkOutbox(
    /** Null keeps nothing. */
    @Volatile var options: OutboxOptions?,
) {
    /** [isAlone] if nobody waits for its [outcome]. */
    private class Message(val bytes: ByteBuffer, val isAlone: Boolean) {
        val outcome = CompletableDeferred<SendOutcome>()
    }

    private enum class Mode { Paused, Connected, Finishing, Closed }

    /** Guarded by the monitor, like what follows. */
    private val waiting = ArrayDeque<Message>()
    private var mode = Mode.Paused
    private var alone = 0
    private var bytesAlone = 0L
    private var lost = 0L

    /** Has an element when there may be something to do. */
    private val changed = Channel<Unit>(Channel.CONFLATED)

    private val isConnected: Boolean @Synchronized get() = mode == Mode.Connected || mode == Mode.Finishing

    /** Messages that wait without a connection. */
    val size: Int @Synchronized get() = alone

    /** Messages that were told to wait and will not be sent, and those that were dropped at once. */
    val dropped: Long @Synchronized get() = lost

    /** Sends [bytes], as [ReconnectingClient.send] says; null if the link has stopped. */
    suspend fun send(bytes: ByteArray): SendOutcome? {
        val message = Message(ByteBuffer.wrap(bytes), isAlone = false)
        // Whoever sends in a loop, and never waits, would keep others from their turn.
        if (!isConnected) yield()
        synchronized(this) {
            when (mode) {
                Mode.Closed -> return null
                Mode.Paused -> return keep(message)
                Mode.Connected, Mode.Finishing -> waiting.addLast(message)
            }
        }
        changed.trySend(Unit)
        try {
            return message.outcome.await()
        } catch (e: CancellationException) {
            synchronized(this) { if (!message.outcome.isCompleted) waiting.remove(message) }
            throw e
        }
    }

    /** Sends over [connection] what waits and what comes, until [pause], after [finish] until nothing waits, or until it cannot. */
    suspend fun carry(connection: Connection) {
        try {
            while (true) {
                val batch = take() ?: break
                if (batch.isEmpty()) {
                    changed.receive()
                    continue
                }
                try {
                    connection.write(Array(batch.size) { batch[it].bytes })
                } finally {
                    settle(batch)
                }
            }
        } catch (_: IOException) {
            // The session meets the same, if it uses the connection at all.
        } finally {
            pause()
        }
    }

    /** There is a connection: who sends from now on waits for that. */
    @Synchronized
    fun resume() {
        if (mode != Mode.Closed) mode = Mode.Connected
    }

    /** There is none any more: what waits does so alone, as far as there is room. */
    fun pause() = leaveTo(Mode.Paused)

    /** There will be no other connection: what waits leaves by this one. */
    fun finish() {
        synchronized(this) { if (mode == Mode.Connected) mode = Mode.Finishing }
        changed.trySend(Unit)
    }

    /** Nothing is sent any more. */
    fun close() = leaveTo(Mode.Closed)

    private fun leaveTo(next: Mode) {
        val told = synchronized(this) {
            if (mode == Mode.Closed) return
            mode = next
            val all = waiting.toList()
            waiting.clear()
            alone = 0
            bytesAlone = 0
            all.map { it to if (next == Mode.Paused) keep(it) else SendOutcome.Dropped.also { lost++ } }
        }
        told.forEach { (message, outcome) -> message.outcome.complete(outcome) }
        changed.trySend(Unit)
    }

    /** Has [message] wait alone, behind all others, if there is room or whoever waits longest makes some. */
    private fun keep(message: Message): SendOutcome {
        val options = options
        val size = message.bytes.remaining()
        if (options == null || size > options.maxBytes) return SendOutcome.Dropped.also { lost++ }
        while (alone >= options.maxMessages || bytesAlone + size > options.maxBytes) {
            lost++
            if (options.whenFull == WhenQueueFull.DropNewest) return SendOutcome.Dropped
            bytesAlone -= waiting.removeFirst().bytes.remaining()
            alone--
        }
        waiting.addLast(if (message.isAlone) message else message.forItself())
        alone++
        bytesAlone += size
        return SendOutcome.Queued
    }

    /** With bytes of its own: its sender goes on, and may change his. */
    private fun Message.forItself() = Message(ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip(), isAlone = true)

    /** What may leave in one write; nothing if there is nothing, null if there will be nothing. */
    @Synchronized
    private fun take(): List<Message>? {
        if (mode == Mode.Paused || mode == Mode.Closed || (mode == Mode.Finishing && waiting.isEmpty())) return null
        val batch = mutableListOf<Message>()
        var bytes = 0
        while (waiting.isNotEmpty() && batch.size < BATCH &&
            (batch.isEmpty() || bytes + waiting.first().bytes.remaining() <= BATCH_BYTES)
        ) {
            val next = waiting.removeFirst()
            bytes += next.bytes.remaining()
            if (next.isAlone) {
                alone--
                bytesAlone -= next.bytes.remaining()
            }
            batch += next
        }
        return batch
    }

    /** After a write of [batch], whether it went well or not: what it has not begun to take goes back to the front. */
    private fun settle(batch: List<Message>) {
        synchronized(this) {
            val untouched = batch.filter { it.bytes.hasRemaining() && it.bytes.position() == 0 }
            lost += batch.count { it.bytes.hasRemaining() && it.bytes.position() > 0 }
            untouched.asReversed().forEach { message ->
                waiting.addFirst(message)
                if (message.isAlone) {
                    alone++
                    bytesAlone += message.bytes.remaining()
                }
            }
        }
        for (message in batch) {
            if (!message.bytes.hasRemaining()) {
                message.outcome.complete(SendOutcome.Sent)
            } else if (message.bytes.position() > 0) {
                message.outcome.complete(SendOutcome.Dropped)
            }
        }
    }

    private companion object {
        const val BATCH = 64
        const val BATCH_BYTES = 64 * 1024
    }
}
