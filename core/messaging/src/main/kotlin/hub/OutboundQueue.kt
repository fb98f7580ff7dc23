package io.hawser.messaging.hub

import io.hawser.messaging.WhenSlow
import java.nio.ByteBuffer
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * What waits to be written to one client, in order: up to [maxMessages] of [maxBytes] together, those that are just being written counted,
 * but always one; what it begins with is not counted. What happens to more, [whenSlow] says.
 *
 * Messages are encoded once, in buffers that the queues of many clients may hold: they leave as duplicates, and nobody changes them.
 *
 * Any thread offers; one coroutine [take]s, writes, and says what has [left].
 */
internal class OutboundQueue(private val maxMessages: Int, private val maxBytes: Int, private val whenSlow: WhenSlow) {
    /** What became of a message. */
    enum class Offer {
        /** It waits behind all others. */
        Queued,

        /** It was dropped, and counted. */
        Dropped,

        /** There is no room for it, and its sender is to wait, in [put]. */
        Full,

        /** There is no room for it: the queue is closed and what waited is dropped, for the client is to be disconnected. Told once. */
        Overflowed,

        /** Nothing more is taken. */
        Closed,
    }

    /** Guarded by the monitor, like what follows. [held] counts the bytes of both. */
    private val waiting = ArrayDeque<ByteBuffer>()
    private val leaving = ArrayDeque<ByteBuffer>()
    private var held = 0L
    private var leavingBytes = 0L
    private var lost = 0L

    /** How many messages of those that it began with are still there, before all others. */
    private var preloaded = 0
    private var preloadedBytes = 0L
    private var isClosed = false

    /** How many senders are in [put]: nobody overtakes them. */
    private var senders = 0

    /** Held by the sender that waits for room: those behind it wait for this, in order. */
    private val turn = Mutex()

    /** Has an element when there may be room for the sender that waits. */
    private val room = Channel<Unit>(Channel.CONFLATED)

    /** Who waits in [take], if anybody does. Not a channel: most messages find nobody waiting, and pass here without a word. */
    private var taker: CancellableContinuation<Unit>? = null

    /** Messages that wait or are being written. */
    val size: Int @Synchronized get() = leaving.size + waiting.size

    /** The bytes of those. */
    val bytes: Long @Synchronized get() = held

    /** Messages that were taken or offered, and will not be sent. Those that [close] refuses are not counted. */
    val dropped: Long @Synchronized get() = lost

    /** Adds [message] behind all others, or does with it what is to be done for slow clients. Never waits. */
    fun offer(message: ByteBuffer): Offer = change { if (senders > 0 && !isClosed) Offer.Full else add(message) }

    /** As [offer], but waits for room where senders are to; so it is never [Offer.Full]. Cancelled while it waits, it adds nothing. */
    suspend fun put(message: ByteBuffer): Offer {
        if (whenSlow != WhenSlow.Suspend) return offer(message)
        synchronized(this) { senders++ }
        try {
            return turn.withLock { addWithRoom(message) }
        } finally {
            synchronized(this) { senders-- }
        }
    }

    /** The first of what waits, up to [limit] messages, for the client alone; null once the queue is closed and empty. */
    suspend fun take(limit: Int): Array<ByteBuffer>? {
        while (true) {
            synchronized(this) {
                while (leaving.size < limit && waiting.isNotEmpty()) {
                    leaving.addLast(waiting.removeFirst())
                    leavingBytes += leaving.last().remaining()
                }
                if (leaving.isNotEmpty()) return Array(minOf(limit, leaving.size)) { leaving[it].duplicate() }
                if (isClosed) return null
            }
            awaitWork()
        }
    }

    /** The first so many [messages] of what was taken have been written. */
    fun left(messages: Int) {
        val isAwaited = synchronized(this) {
            repeat(minOf(messages, leaving.size)) {
                val size = leaving.removeFirst().remaining()
                held -= size
                leavingBytes -= size
                if (preloaded > 0) {
                    preloaded--
                    preloadedBytes -= size
                }
            }
            senders > 0
        }
        if (isAwaited) room.trySend(Unit)
    }

    /** Adds [messages] whatever their number, before anybody offers any. */
    fun preload(messages: List<ByteBuffer>): Unit = change {
        waiting += messages
        preloaded = messages.size
        preloadedBytes = messages.sumOf { it.remaining().toLong() }
        held += preloadedBytes
    }

    /** Takes nothing more but [last]; what waits still leaves. Idempotent. */
    fun close(last: ByteBuffer? = null) {
        change {
            if (last != null && !isClosed) {
                waiting.addLast(last)
                held += last.remaining()
            }
            isClosed = true
        }
        room.trySend(Unit)
    }

    /** Takes nothing more, and drops what waits or was being written, for the connection is gone. Idempotent. */
    fun drop() {
        change {
            isClosed = true
            forget(leaving)
            forget(waiting)
            leavingBytes = 0
        }
        room.trySend(Unit)
    }

    private suspend fun addWithRoom(message: ByteBuffer): Offer {
        while (true) {
            val offer = change { add(message) }
            if (offer != Offer.Full) return offer
            room.receive()
        }
    }

    /** Does [block] in the monitor, and wakes who takes if there is something for it then. */
    private inline fun <T> change(block: () -> T): T {
        val result: T
        val woken: CancellableContinuation<Unit>?
        synchronized(this) {
            result = block()
            woken = if (hasWork) taker else null
            if (woken != null) taker = null
        }
        woken?.resume(Unit)
        return result
    }

    /** Cancelled it leaves itself behind, to be resumed in vain or replaced. */
    private suspend fun awaitWork(): Unit = suspendCancellableCoroutine { caller ->
        val isThere = synchronized(this) {
            if (!hasWork) taker = caller
            hasWork
        }
        if (isThere) caller.resume(Unit)
    }

    private val hasWork: Boolean get() = isClosed || waiting.isNotEmpty()

    private fun add(message: ByteBuffer): Offer {
        if (isClosed) return Offer.Closed
        // What is just being written cannot be taken back: half of it may have left.
        if (whenSlow == WhenSlow.DropOldest && fitsBehindLeaving(message)) {
            while (!fits(message)) {
                held -= waiting.removeAt(maxOf(0, preloaded - leaving.size)).remaining()
                lost++
            }
        }
        if (!fits(message)) return refuse()
        waiting.addLast(message)
        held += message.remaining()
        return Offer.Queued
    }

    private fun refuse(): Offer {
        if (whenSlow == WhenSlow.Suspend) return Offer.Full
        lost++
        if (whenSlow != WhenSlow.Disconnect) return Offer.Dropped
        isClosed = true
        forget(waiting)
        return Offer.Overflowed
    }

    private fun fits(message: ByteBuffer): Boolean = fits(message, leaving.size + waiting.size - preloaded, held - preloadedBytes)

    private fun fitsBehindLeaving(message: ByteBuffer): Boolean =
        preloaded >= leaving.size || fits(message, leaving.size - preloaded, leavingBytes - preloadedBytes)

    /** Whether there is room for [message] behind so many [messages] of so many [bytes]. */
    private fun fits(message: ByteBuffer, messages: Int, bytes: Long): Boolean =
        messages == 0 || (messages < maxMessages && bytes + message.remaining() <= maxBytes)

    private fun forget(messages: ArrayDeque<ByteBuffer>) {
        lost += messages.size
        held -= messages.sumOf { it.remaining().toLong() }
        messages.clear()
    }

    override fun toString(): String = "OutboundQueue($size messages of $bytes bytes, $whenSlow)"
}
