package io.hawser.framing

import java.nio.ByteBuffer
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
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

    /** How many wait, for those who wait until none does. */
    private val count = MutableStateFlow(0)

    /** Held by who waits for room: those behind him wait for it, in order. */
    private val turn = Mutex()

    /** Each has an element when there may be something to do. */
    private val room = Channel<Unit>(Channel.CONFLATED)
    private val work = Channel<Unit>(Channel.CONFLATED)

    /** Adds [message] behind all others, waiting for room; false if it is closed. Cancelled while it waits, it adds nothing. */
    suspend fun put(message: Array<ByteBuffer>): Boolean = turn.withLock {
        while (!add(message)) {
            if (isOver()) return false
            room.receive()
        }
        true
    }

    /** Adds [message] if there is room and nobody waits for some. */
    fun offer(message: Array<ByteBuffer>): Boolean {
        if (!turn.tryLock()) return false
        try {
            return add(message)
        } finally {
            turn.unlock()
        }
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
        synchronized(this) {
            repeat(messages) { bytes -= waiting.removeFirst().size }
            count.value = waiting.size
        }
        room.trySend(Unit)
    }

    /** Suspends until nothing waits. */
    suspend fun awaitEmpty() {
        count.first { it == 0 }
    }

    /** Takes nothing more; what waits still leaves. */
    fun close() {
        synchronized(this) { isClosed = true }
        work.trySend(Unit)
        room.trySend(Unit)
    }

    private fun add(pieces: Array<ByteBuffer>): Boolean {
        val message = Message(pieces)
        synchronized(this) {
            if (isClosed || (waiting.isNotEmpty() && (waiting.size >= maxMessages || bytes + message.size > maxBytes))) return false
            waiting.addLast(message)
            bytes += message.size
            count.value = waiting.size
        }
        work.trySend(Unit)
        return true
    }

    @Synchronized
    private fun isOver(): Boolean = isClosed
}
