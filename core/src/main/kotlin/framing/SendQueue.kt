package io.hawser.framing

import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/** What waits to be written, in order: up to [maxMessages] of [maxBytes] together, but always one. One coroutine takes. */
internal class SendQueue(private val maxMessages: Int, private val maxBytes: Int) {
    private class Message(val pieces: Array<ByteBuffer>) {
        val size = pieces.sumOf { it.remaining().toLong() }
    }

    /** Guarded by the monitor, like what follows. */
    private val waiting = ArrayDeque<Message>()
    private var bytes = 0L
    private var isClosed = false

    /** How many wait for room: nobody overtakes them. */
    private var queueing = 0

    /** Whoever waits until nothing does; told whether all has left. */
    private val flushing = mutableListOf<CompletableDeferred<Boolean>>()

    /** Held by the first of those who wait for room: those behind him wait for it, in order. */
    private val turn = Mutex()

    /** Each has an element when there may be something to do. */
    private val room = Channel<Unit>(Channel.CONFLATED)
    private val work = Channel<Unit>(Channel.CONFLATED)

    /** Adds [pieces] behind all others, waiting for room; false if it is closed. Cancelled while it waits, it adds nothing. */
    suspend fun put(pieces: Array<ByteBuffer>): Boolean {
        val message = Message(pieces)
        synchronized(this) {
            if (queueing == 0 && add(message)) return added()
            queueing++
        }
        try {
            return turn.withLock { putInTurn(message) }
        } finally {
            synchronized(this) { queueing-- }
        }
    }

    private suspend fun putInTurn(message: Message): Boolean {
        while (true) {
            synchronized(this) {
                if (add(message)) return added()
                if (isClosed) return false
            }
            room.receive()
        }
    }

    /** Adds [pieces] if there is room and nobody waits for some. */
    fun offer(pieces: Array<ByteBuffer>): Boolean {
        val message = Message(pieces)
        return synchronized(this) { queueing == 0 && add(message) } && added()
    }

    /** The first of what waits, up to [limit] messages; null once it is closed and empty. They keep their place until they have [left]. */
    suspend fun next(limit: Int): List<Array<ByteBuffer>>? {
        while (true) {
            synchronized(this) {
                if (waiting.isNotEmpty()) return waiting.take(limit).map { it.pieces }
                if (isClosed) return null
            }
            work.receive()
        }
    }

    /** The first [messages] have left. */
    fun left(messages: Int) {
        val flushed = synchronized(this) {
            repeat(messages) { bytes -= waiting.removeFirst().size }
            if (waiting.isEmpty()) flushing.toList().also { flushing.clear() } else emptyList()
        }
        room.trySend(Unit)
        flushed.forEach { it.complete(true) }
    }

    /** Suspends until nothing waits; false if what waits is not going to leave. */
    suspend fun awaitEmpty(): Boolean {
        val end = CompletableDeferred<Boolean>()
        synchronized(this) {
            if (waiting.isEmpty()) return true
            flushing += end
        }
        return end.await()
    }

    /** Takes nothing more; what waits still leaves. */
    fun close() {
        synchronized(this) { isClosed = true }
        work.trySend(Unit)
        room.trySend(Unit)
    }

    /** Nothing leaves any more. */
    fun abandon() {
        close()
        val told = synchronized(this) { flushing.toList().also { flushing.clear() } }
        told.forEach { it.complete(false) }
    }

    /** Called with the monitor. */
    private fun add(message: Message): Boolean {
        if (isClosed || (waiting.isNotEmpty() && (waiting.size >= maxMessages || bytes + message.size > maxBytes))) return false
        waiting.addLast(message)
        bytes += message.size
        return true
    }

    private fun added(): Boolean {
        work.trySend(Unit)
        return true
    }
}
