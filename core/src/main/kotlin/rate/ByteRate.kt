package io.hawser.rate

import io.hawser.transport.Loop
import io.hawser.transport.TransportApi
import java.util.TreeMap
import kotlin.time.Duration.Companion.nanoseconds
import kotlinx.coroutines.DisposableHandle

/**
 * Bytes per second for any number of connections: a token bucket of a tenth of a second, which begins full. Who finds too little [asks][ask]
 * for it and stands in line. Only the first in line has a timer, and what others give back is his: nobody waits for bytes that are not
 * used. Any thread.
 *
 * [mostAtOnce] is what one is given at a time at most.
 */
@OptIn(TransportApi::class)
internal class ByteRate(perSecond: Long, private val mostAtOnce: Long) {
    @Volatile
    var perSecond: Long = perSecond
        private set

    private val capacity: Double get() = maxOf(1.0, perSecond / TENTHS)

    /** Guarded by the monitor, like everything below. Below zero if several moved bytes at the same moment. */
    private var stored = capacity
    private var asOf: Long? = null

    /** By their tickets: who has stood in it before and was not served finds his place again. */
    private val line = TreeMap<Long, Share>()
    private var tickets = 0L
    private var alarm: Alarm? = null

    /** What it is worth waiting for: a twentieth of a second's bytes. */
    val quantum: Long get() = (perSecond / TWENTIETHS).coerceIn(1, mostAtOnce)

    /** Is [perSecond] from [now] on, for those in line too. */
    fun change(perSecond: Long, now: Long) = serving(now) {
        this.perSecond = perSecond
        stored = minOf(stored, capacity)
    }

    /**
     * How many of [max] bytes [share] may move at [now]: those that it was given, and what is there unless that is hardly worth it or
     * others stand in line for it. Nothing is taken before [moved].
     */
    @Synchronized
    fun room(share: Share, max: Long, now: Long): Long {
        val given = minOf(max, share.given)
        val more = max - given
        if (more == 0L || line.isNotEmpty()) return given
        refill(now)
        return if (stored < minOf(more, quantum)) given else given + minOf(more, stored.toLong())
    }

    /** [share] has moved [bytes] of its [room], and does not need the others. */
    fun moved(share: Share, bytes: Long, now: Long) = serving(now) {
        store(share.given - bytes)
        share.given = 0
        share.ticket = 0
    }

    /** Whether [share] has been given something, as much as [bytes] if they are not too many; else it stands in line until it [leaves][leave]. */
    fun ask(share: Share, bytes: Long, loop: Loop): Boolean {
        serving(loop.nanoTime()) {
            if (share.given == 0L) {
                if (share.ticket == 0L) share.ticket = ++tickets
                share.wanted = bytes
                share.loop = loop
                line[share.ticket] = share
            }
        }
        return share.given > 0
    }

    /** [share] waits no more, and keeps its place for when it does again. */
    fun leave(share: Share, now: Long) = serving(now) { line.remove(share.ticket) }

    /** [share] neither waits nor uses what it was given. */
    fun release(share: Share) {
        // Who has never asked has nothing.
        val loop = share.loop ?: return
        serving(loop.nanoTime()) {
            line.remove(share.ticket)
            store(share.given)
            share.given = 0
            share.ticket = 0
        }
    }

    /** Does [change], serves who stands first then, and tells them when the monitor is free. */
    private inline fun serving(now: Long, change: () -> Unit) {
        val served = synchronized(this) {
            refill(now)
            change()
            serve(now)
        }
        served.forEach { it.wake() }
    }

    private fun serve(now: Long): List<Share> {
        if (line.isEmpty() && alarm == null) return emptyList()
        val served = mutableListOf<Share>()
        while (line.isNotEmpty()) {
            val first = line.firstEntry().value
            val bytes = first.due
            if (stored < bytes) break
            stored -= bytes
            first.given = bytes
            first.ticket = 0
            line.pollFirstEntry()
            served += first
        }
        arm(now)
        return served
    }

    /** As many as it waits for by the rate of the moment. */
    private val Share.due: Long get() = minOf(wanted, quantum)

    private fun store(bytes: Long) {
        stored = minOf(capacity, stored + bytes)
    }

    /** Clocks that are exact to a turn of their loop may be a turn behind each other. */
    private fun refill(now: Long) {
        val since = asOf ?: now.also { asOf = it }
        if (now - since <= 0) return
        stored = minOf(capacity, stored + (now - since) / NANOS_PER_SECOND * perSecond)
        asOf = now
    }

    private fun arm(now: Long) {
        val first = line.firstEntry()?.value
        val loop = first?.loop
        if (loop == null) {
            alarm?.dispose()
            alarm = null
            return
        }
        val pause = ((first.due - stored) * NANOS_PER_SECOND / perSecond).toLong() + 1
        // One that comes too early sets the next.
        if (alarm?.let { it.due - (now + pause) <= 0 } == true) return
        alarm?.dispose()
        alarm = Alarm(loop, now + pause).also { it.set(pause) }
    }

    private fun ring(ringing: Alarm) {
        val served = synchronized(this) {
            if (alarm !== ringing) return
            alarm = null
            val now = ringing.loop.nanoTime()
            refill(now)
            // Too early is after the end of the loop, where there is no time to wait for: who lived on it learns that by himself.
            val stranded = if (now - ringing.due < 0) line.values.filter { it.loop === ringing.loop } else emptyList()
            stranded.forEach { line.remove(it.ticket) }
            stranded + serve(now)
        }
        served.forEach { it.wake() }
    }

    private inner class Alarm(val loop: Loop, val due: Long) : Runnable {
        private var timer: DisposableHandle? = null

        fun set(pause: Long) {
            timer = loop.schedule(pause.nanoseconds, this)
        }

        override fun run() = ring(this)

        fun dispose() = timer?.dispose()
    }

    private companion object {
        const val TENTHS = 10.0
        const val TWENTIETHS = 20
        const val NANOS_PER_SECOND = 1e9
    }
}

/** What one who moves bytes has of a [rate], by which it is guarded. [wake] is called when he has been given some. */
@OptIn(TransportApi::class)
internal class Share(val rate: ByteRate, val wake: () -> Unit) {
    /** Bytes that are his, whenever he moves them. */
    @Volatile
    var given = 0L

    /** His place in line, or 0 if he has none. */
    var ticket = 0L

    /** What he stands in line for, and where he waits. */
    var wanted = 0L
    var loop: Loop? = null
}
