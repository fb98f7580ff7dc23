package io.hawser.broker.link

import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.Side

/**
 * What waits to leave by one connection, whose [side] this is: what is about the connection itself first, then what is granted, and then the
 * requests, each in a [Lane] of its own. They take turns, a frame each, so that none waits for another; new ones come last, so that STARTs
 * leave in the order of their ids.
 *
 * What waits, but for credit and pongs, or is just being written is counted, here and in the [budget] of all connections: bodies are only
 * taken as long as that is at most [maxBytes].
 *
 * Any thread offers; one coroutine [take]s, writes, and says what has [left]. No other lock is taken with the monitor but by what [open] is
 * given to run.
 */
internal class Outbound(private val side: Side, private val maxBytes: Long = Long.MAX_VALUE, private val budget: Budget? = null) {
    /** What became of a frame. */
    enum class Offer {
        /** It waits. */
        Queued,

        /** There is no room for its body. */
        NoRoom,

        /** There would be room for it here, but too much waits in all. */
        NoBudget,

        /** Nothing more is taken: the connection has ended, or what was to be said of the request has been. */
        Closed,
    }

    /** Guarded by the monitor, like what follows. */
    private val control = ArrayDeque<Frame>()

    /** The last ping's answer: of many pings only the last need be answered. */
    private var pong: Frame.Pong? = null

    /** Lanes that have credit to grant, and lanes that have frames: the next one is the first. */
    private val granting = LinkedHashSet<Lane>()
    private val ring = Ring()
    private var held = 0L
    private var leaving = 0L
    private var isClosed = false
    private var last: Frame? = null

    private val work = Signal()
    private val room = Signal()

    /** The highest id that has been opened, if any has. */
    @Volatile
    var lastOpened = side.firstId - Side.STEP
        private set

    /** The bytes that wait or are just being written. */
    val bytes: Long @Synchronized get() = held

    /** Adds [frame], which is about the connection, behind its like. */
    fun say(frame: Frame) {
        synchronized(this) {
            if (isClosed) return
            if (frame is Frame.Pong) pong = frame else control(frame)
        }
        Rousing.raise(work)
    }

    /**
     * Opens a request, with the START that [make] makes, which has [body] bytes of its body; if there is no room for them, nothing is made.
     * Nobody can hear of the request before [make], which runs with the monitor, has returned.
     */
    fun open(body: Int, make: (Lane) -> Frame.Start): Offer {
        synchronized(this) {
            if (isClosed) return Offer.Closed
            if (body > 0) {
                if (held + body > maxBytes) return Offer.NoRoom
                if (budget?.take(body) == false) return Offer.NoBudget
                held += body
            }
            lastOpened += Side.STEP
            val lane = Lane(lastOpened, hasBegun = false)
            val start = make(lane)
            hold(start.cost.toLong() - body)
            enqueue(lane, start)
            if (start.isLast) complete(lane)
        }
        Rousing.raise(work)
        return Offer.Queued
    }

    /** The lane for what is answered to the request [id], which the peer has opened. */
    fun answer(id: Long): Lane = Lane(id, hasBegun = true)

    /** Adds [frame] to what waits in [lane]. An END behind a REPLY that waits and has the whole body makes one frame of both. */
    fun offer(lane: Lane, frame: Frame): Offer {
        synchronized(this) {
            if (isClosed || lane.isComplete) return Offer.Closed
            val whole = if (frame is Frame.End) whole(lane, frame) else null
            when {
                whole != null -> lane.waiting[0] = whole

                frame is Frame.End || frame is Frame.Error -> add(lane, frame)

                held + frame.cost > maxBytes -> return Offer.NoRoom

                budget == null || budget.take(frame.cost) -> {
                    held += frame.cost
                    enqueue(lane, frame)
                }

                else -> return Offer.NoBudget
            }
            if (frame.isLast) complete(lane)
        }
        Rousing.raise(work)
        return Offer.Queued
    }

    /** Lets the peer send [bytes] more of the request of [lane]. */
    fun grant(lane: Lane, bytes: Int) {
        synchronized(this) {
            if (isClosed || lane.isOver) return
            lane.credit += bytes
            if (lane.hasBegun) granting += lane
        }
        Rousing.raise(work)
    }

    /**
     * Ends the request of [lane], which this side has opened: what waits is dropped, and a peer that has heard of it is told to CANCEL it.
     * Returns whether it may have heard of it.
     */
    fun abandon(lane: Lane, code: Code): Boolean {
        synchronized(this) {
            if (lane.isOver) return lane.hasBegun
            end(lane)
            if (lane.hasBegun && !isClosed) control(Frame.Cancel(lane.id, code.number))
        }
        Rousing.raise(work)
        room.raise()
        return lane.hasBegun
    }

    /** Ends the request of [lane], which the peer has opened: what waits is dropped, and [error] is the last that it hears. */
    fun fail(lane: Lane, error: Frame.Error) {
        synchronized(this) {
            if (lane.isOver) return
            end(lane)
            if (!isClosed) add(lane, error)
        }
        Rousing.raise(work)
        room.raise()
    }

    /** The peer has ended the request of [lane]: what waits is dropped. */
    fun forget(lane: Lane) {
        synchronized(this) { end(lane) }
        room.raise()
    }

    /** The next frames to write, at most [BATCH_FRAMES], and [BATCH_BYTES] unless it is one; null once nothing more is taken nor waits. */
    suspend fun take(): List<Frame>? {
        while (true) {
            synchronized(this) {
                val batch = batch()
                if (batch.isNotEmpty()) return batch
                if (isClosed) return last?.let(::listOf).also { last = null }
            }
            work.await()
        }
    }

    /** All that was taken has been written. */
    fun left() {
        synchronized(this) {
            hold(-leaving)
            leaving = 0
        }
        room.raise()
    }

    /** Whether at most [maxBytes] are held, and nothing where too much is in all. */
    val hasRoom: Boolean
        @Synchronized get() = held <= maxBytes && (held == 0L || budget?.isOver != true)

    /** Suspends until it [hasRoom]. One coroutine at a time. */
    suspend fun awaitRoom() {
        while (!hasRoom) room.await()
    }

    /** Takes nothing more; what waits still leaves. Idempotent. */
    fun close() {
        synchronized(this) { isClosed = true }
        Rousing.raise(work)
    }

    /** As [close], and [frame] is the very last, behind all that waits. */
    fun closeBehind(frame: Frame) {
        synchronized(this) {
            if (isClosed) return
            last = frame
            isClosed = true
        }
        Rousing.raise(work)
    }

    /** As [close], if [condition] is true: nothing is opened meanwhile. */
    fun closeIf(condition: () -> Boolean) {
        synchronized(this) {
            if (!condition()) return
            isClosed = true
        }
        Rousing.raise(work)
    }

    /** Takes nothing more, and drops what waits but for [last], unless it has been closed. */
    fun closeWith(last: Frame) {
        synchronized(this) {
            if (isClosed) return
            clear()
            control(last)
            isClosed = true
        }
        Rousing.raise(work)
        room.raise()
    }

    /** Takes nothing more, and drops what waits, for the connection is gone. Idempotent. */
    fun drop() {
        synchronized(this) {
            isClosed = true
            clear()
            hold(-leaving)
            leaving = 0
        }
        Rousing.raise(work)
        room.raise()
    }

    /** Drops what waits, but not what is just being written. */
    private fun clear() {
        control.clear()
        pong = null
        last = null
        granting.clear()
        while (!ring.isEmpty) {
            val lane = ring.first()
            lane.waiting.clear()
            ring.remove(lane)
        }
        hold(leaving - held)
    }

    private fun control(frame: Frame) {
        control.addLast(frame)
        hold(frame.cost.toLong())
    }

    private fun add(lane: Lane, frame: Frame) {
        hold(frame.cost.toLong())
        enqueue(lane, frame)
    }

    private fun enqueue(lane: Lane, frame: Frame) {
        lane.waiting.addLast(frame)
        ring.add(lane)
    }

    private fun hold(bytes: Long) {
        held += bytes
        budget?.add(bytes)
    }

    /** The REPLY that waits alone in [lane], with the [end] in it. */
    private fun whole(lane: Lane, end: Frame.End): Frame.Reply? {
        val reply = lane.waiting.singleOrNull() as? Frame.Reply ?: return null
        if (reply.body.remaining().toLong() != end.total) return null
        return Frame.Reply(reply.id, reply.flags or Frame.WHOLE, reply.headers, reply.body)
    }

    private fun complete(lane: Lane) {
        lane.isComplete = true
        // What is answered wholly needs no more of what was asked.
        if (!side.opens(lane.id)) silence(lane)
    }

    private fun end(lane: Lane) {
        if (lane.waiting.isNotEmpty()) {
            ring.remove(lane)
            hold(-lane.waiting.sumOf { it.cost.toLong() })
            lane.waiting.clear()
        }
        lane.isComplete = true
        silence(lane)
    }

    private fun silence(lane: Lane) {
        lane.isOver = true
        if (lane.credit > 0) granting -= lane
    }

    private fun batch(): List<Frame> {
        val batch = ArrayList<Frame>()
        var bytes = 0
        // Nothing may come before the HELLO.
        while (batch.size < BATCH_FRAMES && control.isNotEmpty()) batch += control.removeFirst().also { leaving += it.cost }
        if (batch.size < BATCH_FRAMES) {
            pong?.let(batch::add)
            pong = null
        }
        // Of credit there may be any amount: requests have a part of each batch.
        val credits = batch.size + if (ring.isEmpty) BATCH_FRAMES else BATCH_FRAMES / 4
        while (batch.size < minOf(credits, BATCH_FRAMES) && granting.isNotEmpty()) batch += takeCredit()
        while (batch.size < BATCH_FRAMES && !ring.isEmpty) {
            val lane = ring.first()
            val frame = lane.waiting.first()
            if (bytes > 0 && bytes + frame.length > BATCH_BYTES) break
            takeFrom(lane)
            bytes += frame.length
            leaving += frame.cost
            batch += frame
        }
        return batch
    }

    private fun takeCredit(): Frame {
        val lane = granting.first()
        granting -= lane
        return Frame.Credit(lane.id, lane.credit).also { lane.credit = 0 }
    }

    /** Takes the first frame of [lane], for which it is the turn, and gives the turn to the next. */
    private fun takeFrom(lane: Lane) {
        ring.remove(lane)
        lane.waiting.removeFirst()
        if (lane.waiting.isNotEmpty()) ring.add(lane)
        if (lane.hasBegun) return
        lane.hasBegun = true
        if (lane.credit > 0) granting += lane
    }

    override fun toString(): String = "Outbound($bytes bytes)"

    private companion object {
        const val BATCH_FRAMES = 256
        const val BATCH_BYTES = 128 * 1024
    }
}
