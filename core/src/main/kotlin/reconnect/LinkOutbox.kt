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
 * [options] bound how many do. Messages leave in the order in which they came.
 */
internal class LinkOutbox(
    /** Null keeps nothing. */
    @Volatile var options: OutboxOptions?,
) {
    private class Message(val bytes: ByteBuffer) {
        /** What its sender waits for, unless it waits [isAlone]. */
        val outcome = CompletableDeferred<SendOutcome>()

        /** Guarded by the outbox. */
        var isAlone = false
    }

    private enum class Mode { Paused, Connected, Finishing, Closed }

    /** Guarded by the monitor, like what follows. While it is paused all of them wait alone. */
    private val waiting = ArrayDeque<Message>()
    private var mode = Mode.Paused
    private var alone = 0
    private var bytesAlone = 0L
    private var lost = 0L

    /** Has an element when there may be something to do. */
    private val changed = Channel<Unit>(Channel.CONFLATED)

    /** Messages that wait without a connection. */
    val size: Int @Synchronized get() = alone

    /** Messages that were not sent and will not be. */
    val dropped: Long @Synchronized get() = lost

    /** Sends a copy of [bytes], as [ReconnectingClient.send] says; null if the link has stopped. */
    suspend fun send(bytes: ByteArray): SendOutcome? {
        val message = Message(ByteBuffer.wrap(bytes.copyOf()))
        val atOnce = synchronized(this) {
            when (mode) {
                Mode.Closed -> return null

                Mode.Paused -> keep(message)

                Mode.Connected, Mode.Finishing -> {
                    waiting.addLast(message)
                    null
                }
            }
        }
        try {
            if (atOnce == null) {
                changed.trySend(Unit)
                return message.outcome.await()
            }
            // Whoever sends in a loop, and never waits, would keep others from their turn.
            yield()
            return atOnce
        } catch (e: CancellationException) {
            withdraw(message)
            throw e
        }
    }

    /**
     * Sends over [connection] what waits and what comes, until [pause], after [finish] until nothing waits, or until it cannot. Returns
     * what failed, if the connection did.
     */
    suspend fun carry(connection: Connection): IOException? {
        try {
            while (true) {
                val batch = take() ?: return null
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
        } catch (e: IOException) {
            return e
        } catch (e: CancellationException) {
            throw e
        } catch (_: IllegalStateException) {
            // The session has ended its output, or put a layer over the connection: there is nothing to send by.
            return null
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
            parted()
        }
        tell(told)
        changed.trySend(Unit)
    }

    /** What becomes of those that wait now that there is no connection. Called with the monitor. */
    private fun parted(): List<Pair<Message, SendOutcome>> {
        val all = waiting.toList()
        waiting.clear()
        alone = 0
        bytesAlone = 0
        return all.map { it to if (mode == Mode.Paused) keep(it) else dropped() }
    }

    private fun tell(outcomes: List<Pair<Message, SendOutcome>>) =
        outcomes.forEach { (message, outcome) -> message.outcome.complete(outcome) }

    /** Has [message] wait alone, behind all others, if there is room or whoever waits longest makes some. Called with the monitor. */
    private fun keep(message: Message): SendOutcome {
        val options = options
        val size = message.bytes.remaining()
        if (options == null || size > options.maxBytes) return dropped()
        while (alone >= options.maxMessages || bytesAlone + size > options.maxBytes) {
            if (options.whenFull == WhenQueueFull.DropNewest) return dropped()
            dropped()
            left(waiting.removeFirst())
        }
        message.isAlone = true
        waiting.addLast(message)
        entered(message)
        return SendOutcome.Queued
    }

    private fun dropped(): SendOutcome {
        lost++
        return SendOutcome.Dropped
    }

    private fun entered(message: Message) {
        if (!message.isAlone) return
        alone++
        bytesAlone += message.bytes.remaining()
    }

    private fun left(message: Message) {
        if (!message.isAlone) return
        alone--
        bytesAlone -= message.bytes.remaining()
    }

    @Synchronized
    private fun withdraw(message: Message) {
        if (waiting.remove(message)) left(message)
    }

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
            left(next)
            bytes += next.bytes.remaining()
            batch += next
        }
        return batch
    }

    /** After a write of [batch], whether it went well or not: what it has not begun to take goes back to the front. */
    private fun settle(batch: List<Message>) {
        val broken = batch.filter { it.bytes.hasRemaining() && it.bytes.position() > 0 }
        val told = synchronized(this) {
            for (message in batch.asReversed()) {
                if (!message.bytes.hasRemaining() || message.bytes.position() > 0) continue
                waiting.addFirst(message)
                entered(message)
            }
            lost += broken.size
            if (mode == Mode.Connected || mode == Mode.Finishing) emptyList() else parted()
        }
        tell(batch.filter { !it.bytes.hasRemaining() }.map { it to SendOutcome.Sent } + broken.map { it to SendOutcome.Dropped } + told)
    }

    private companion object {
        const val BATCH = 64
        const val BATCH_BYTES = 64 * 1024
    }
}
