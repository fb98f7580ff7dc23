@file:OptIn(TransportApi::class)

package io.hawser.testkit.fault

import io.hawser.ConnectionReset
import io.hawser.testkit.Faults
import io.hawser.testkit.memory.Waiting
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/**
 * [inner] with [input] done to what is read from it and [output] to what is written, until they are switched. It tells [gone] when whoever
 * holds it has closed it.
 */
internal class FaultyStream(
    private val inner: RawStream,
    input: Faults,
    output: Faults,
    private val gone: (FaultyStream) -> Unit,
) : RawStream {
    override val loop get() = inner.loop
    override val local get() = inner.local
    override val remote get() = inner.remote
    override val endpoint get() = inner.endpoint

    private val incoming = Course(input)
    private val outgoing = Course(output)
    private val late = Late(inner)

    /** Closed by whoever holds this stream. */
    @Volatile
    private var closed = false

    /** Closed by a fault: for whoever holds this stream that is a reset. */
    @Volatile
    private var cut = false

    /** Taken by the reader as it returns: a wait that is cancelled leaves it to the next. */
    private val woken = AtomicBoolean()
    private val wakeUps = Waiting("a wake-up of the reader of $inner")

    init {
        if (input.cutAfter == 0L || output.cutAfter == 0L) {
            reset()
        } else if (output.endAfter == 0L) {
            end()
        }
    }

    /** Has what is read go by [faults] from now on. Any thread. */
    fun switchInput(faults: Faults) {
        incoming.switchTo(faults)
        if (faults.cutAfter == 0L) reset()
        wakeReader()
    }

    /** Has what is written go by [faults] from now on. Any thread. */
    fun switchOutput(faults: Faults) {
        outgoing.switchTo(faults)
        if (faults.cutAfter == 0L) {
            reset()
        } else if (faults.endAfter == 0L) {
            end()
        }
    }

    /** Cuts both sides off. Any thread. */
    fun reset() {
        cut = true
        inner.abort()
    }

    override fun read(target: ByteBuffer): Int {
        ensureOpen()
        incoming.adopt()
        if (incoming.isEnded) return -1
        if (incoming.isSilent) return 0
        return unlessCut {
            val now = loop.nanoTime()
            val isLate = incoming.isLate || !late.isEmpty
            if (isLate) late.arrive(now, incoming::delay)
            val room = incoming.room(target.remaining(), now)
            if (room == 0) return 0
            val start = target.position()
            val count = target.limited(room) { if (isLate) late.read(it, now) else inner.read(it) }
            if (count > 0) {
                incoming.corrupt(target, start, count)
                incoming.passed(count, now)
                if (incoming.isCut) reset()
            }
            count
        }
    }

    override fun write(source: ByteBuffer): Int {
        ensureOpen()
        outgoing.adopt()
        return unlessCut {
            val now = loop.nanoTime()
            val room = outgoing.room(source.remaining(), now)
            if (room == 0) return 0
            val count = if (outgoing.corrupts(room)) writeCorrupted(source, room) else source.limited(room, inner::write)
            outgoing.passed(count, now)
            if (outgoing.isCut) {
                reset()
            } else if (outgoing.isEnded) {
                end()
            }
            count
        }
    }

    override fun write(sources: Array<ByteBuffer>, from: Int): Long {
        for (i in from until sources.size) {
            if (sources[i].hasRemaining()) return write(sources[i]).toLong()
        }
        return 0
    }

    /** What has passed is not held up any more, but a cut loses it. */
    override fun flush(): Boolean = unlessCut { inner.flush() }

    override suspend fun awaitReadable() {
        unlessCut {
            var returned = false
            while (true) {
                incoming.adopt()
                if (incoming.isEnded || cut) return
                if (woken.getAndSet(false)) return ensureOpen()
                val now = loop.nanoTime()
                val isLate = incoming.isLate || !late.isEmpty
                val arrived = isLate && !incoming.isSilent && late.arrive(now, incoming::delay)
                // The stream below returned, and not for bytes that are late: that is for our caller to look into.
                if (returned && !arrived) return ensureOpen()
                val arrival = late.pause(now)
                val pause = maxOf(arrival ?: Duration.ZERO, incoming.pause(now))
                returned = when {
                    incoming.isSilent -> unlessWoken { awaitEnd() }
                    pause.isPositive() -> unlessWoken { pause(pause) { awaitNews(isLate) } }
                    arrival != null -> return
                    else -> unlessWoken { true.also { inner.awaitReadable() } }
                }
            }
        }
    }

    override fun wakeReader() {
        woken.set(true)
        wakeUps.wake()
    }

    override suspend fun awaitWritable() {
        unlessCut {
            while (true) {
                outgoing.adopt()
                val pause = outgoing.pause(loop.nanoTime())
                if (!outgoing.isSilent && !pause.isPositive()) return inner.awaitWritable()
                unless(outgoing::awaitSwitch) { if (outgoing.isSilent) awaitEnd() else pause(pause, inner::awaitClosed) }
                ensureOpen()
            }
        }
    }

    override suspend fun shutdownOutput() {
        ensureOpen()
        unlessCut {
            outgoing.adopt()
            while (outgoing.isSilent) {
                unless(outgoing::awaitSwitch) { awaitEnd() }
                ensureOpen()
                outgoing.adopt()
            }
            inner.shutdownOutput()
        }
    }

    override fun close() {
        closed = true
        inner.close()
        gone(this)
    }

    override fun abort() {
        closed = true
        inner.abort()
        gone(this)
    }

    override suspend fun awaitClosed(): Unit = inner.awaitClosed()

    override fun toString(): String = inner.toString()

    private fun end() {
        cut = true
        inner.close()
    }

    private fun ensureOpen() {
        if (closed) throw ClosedChannelException()
        if (cut) throw ConnectionReset(endpoint)
    }

    /** Either side may cut while the other is in [inner], which then says that it was closed. */
    private inline fun <T> unlessCut(block: () -> T): T {
        try {
            return block()
        } catch (e: ClosedChannelException) {
            ensureOpen()
            throw e
        }
    }

    /** Silence lasts until somebody closes the stream. */
    private suspend fun awaitEnd(): Nothing {
        withContext(loop.dispatcher) { inner.awaitClosed() }
        throw ClosedChannelException()
    }

    /** What may happen while bytes wait: more come, if any are late and more are taken in, or the stream is closed. */
    private suspend fun awaitNews(isLate: Boolean) = if (isLate && late.takesMore) inner.awaitReadable() else inner.awaitClosed()

    /** Waits for [duration] of the loop's time, or until [event], and tells whether it was that. */
    private suspend fun pause(duration: Duration, event: suspend () -> Unit): Boolean =
        withContext(loop.dispatcher) { withTimeoutOrNull(duration) { event() } } != null

    /** What [wait] returns, or false if the reader has been woken before. */
    private suspend fun unlessWoken(wait: suspend () -> Boolean): Boolean = unless({ wakeUps.until(woken::get) }, wait)

    /** What [wait] returns, or false if [event] is first. */
    private suspend fun unless(event: suspend () -> Unit, wait: suspend () -> Boolean): Boolean = coroutineScope {
        val waiting = async(start = UNDISPATCHED) { wait() }
        val happening = launch(start = UNDISPATCHED) { event() }
        select {
            happening.onJoin { false }
            waiting.onAwait { it }
        }.also { coroutineContext.cancelChildren() }
    }

    private fun writeCorrupted(source: ByteBuffer, room: Int): Int {
        val copy = ByteBuffer.allocate(room).put(source.slice().limit(room)).flip()
        outgoing.corrupt(copy, 0, room)
        return inner.write(copy).also { source.position(source.position() + it) }
    }
}
