package io.hawser

import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.yield

/** The write side of a connection: writes leave whole and in call order. */
@OptIn(TransportApi::class)
internal class Output(private val life: Lifecycle) {
    private val raw = life.raw
    private val loop = raw.loop

    /** Held during a write; fair, so that writes leave in the order of their calls. Guards everything below. */
    private val turn = Mutex()

    /** Operations since the last wait. */
    private var streak = 0

    @Volatile
    private var ended = false

    @Volatile
    private var failure: IOException? = null

    /** Written by the writer only. */
    @Volatile
    var bytes = 0L
        private set

    /** The loop's clock when bytes last left. */
    @Volatile
    var lastActive = loop.nanoTime()
        private set

    suspend fun write(source: ByteBuffer) {
        if (!turn.tryLock()) return writeInTurn(arrayOf(source))
        val before = source.remaining()
        val spent = spent()
        // Only what has to wait pays for a coroutine's frame.
        if (spent || !writeNow(source)) return writeRest(arrayOf(source), begun = source.remaining() < before, spent)
    }

    suspend fun write(sources: Array<ByteBuffer>): Unit = writeInTurn(sources)

    suspend fun shutdown() = inTurn {
        if (ended) return@inTurn
        ensureUsable()
        try {
            raw.shutdownOutput()
        } catch (e: IOException) {
            throw failed(e)
        }
        ended = true
    }

    /** Returns how many bytes it sent: fewer than [count] where the file ends before. */
    suspend fun sendFile(file: FileChannel, position: Long, count: Long): Long = inTurn {
        ensureUsable()
        var sent = 0L
        abortIfCut({ sent > 0 }) {
            while (sent < count) {
                // A reader that keeps up lets us never wait.
                if (spent()) yield()
                val taken = raw.transferFrom(file, position + sent, count - sent)
                if (taken == 0L) break
                sent += taken
                left(taken)
            }
        }
        sent
    }

    /** One attempt with the turn held, which it gives back unless something is left to write. */
    private fun writeNow(source: ByteBuffer): Boolean {
        var done = true
        try {
            ensureUsable()
            if (!source.hasRemaining()) return true
            left(raw.write(source).toLong())
            done = !source.hasRemaining()
            return done
        } catch (e: IOException) {
            throw failed(e)
        } finally {
            if (done) turn.unlock()
        }
    }

    /** Writes what is left of [sources] with the turn held, and gives it back. */
    private suspend fun writeRest(sources: Array<ByteBuffer>, begun: Boolean, spent: Boolean) {
        var partly = begun
        try {
            abortIfCut({ partly }) {
                if (spent) yield()
                ensureUsable()
                var first = 0
                while (true) {
                    while (first < sources.size && !sources[first].hasRemaining()) first++
                    if (first == sources.size) break
                    if (spent()) yield()
                    val count = raw.write(sources, first)
                    if (count > 0) {
                        partly = true
                        left(count)
                    } else {
                        streak = 0
                        raw.awaitWritable()
                    }
                }
            }
        } finally {
            turn.unlock()
        }
    }

    private suspend fun writeInTurn(sources: Array<ByteBuffer>): Unit = dispatched {
        turn.lock()
        writeRest(sources, begun = false, spent = false)
    }

    private suspend fun <T> inTurn(block: suspend () -> T): T = dispatched {
        turn.lock()
        try {
            block()
        } finally {
            turn.unlock()
        }
    }

    /** Half a message would corrupt the stream: who is cancelled after its first byte, or fails, ends it. */
    private inline fun abortIfCut(begun: () -> Boolean, block: () -> Unit) {
        try {
            block()
        } catch (e: IOException) {
            throw failed(e)
        } catch (e: Throwable) {
            if (begun()) life.abort()
            throw e
        }
    }

    /** Whether it is time to yield: off the loops nobody else counts, and a write that never waits would never notice a cancellation. */
    private fun spent(): Boolean = loop.spent() || ++streak % OPERATIONS_PER_STREAK == 0

    private fun left(count: Long) {
        if (count == 0L) return
        bytes += count
        lastActive = loop.nanoTime()
    }

    private fun ensureUsable() {
        life.ensureOpen()
        check(!ended) { "the output to ${raw.endpoint} has been shut down" }
        val failure = failure ?: return
        throw if (failure is ConnectionReset) ConnectionReset(raw.endpoint, failure) else ConnectionLost(raw.endpoint, failure)
    }

    private fun failed(e: IOException): IOException {
        val typed = life.outputFailed(e)
        if (failure == null && typed is ConnectionLost) failure = typed
        return typed
    }

    private companion object {
        const val OPERATIONS_PER_STREAK = 64
    }
}
