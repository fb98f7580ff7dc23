@file:OptIn(TransportApi::class)

package io.hawser.testkit.fault

import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/**
 * What has arrived on [inner] and is not to be seen yet: bytes, and the end or the failure behind them, in order. Bounded; touched by the
 * read side only.
 */
internal class Late(private val inner: RawStream) {
    private class Piece(val due: Long, val bytes: ByteBuffer)

    private val pieces = ArrayDeque<Piece>()
    private var size = 0
    private var last: Result<Unit>? = null
    private var lastDue = Long.MIN_VALUE

    /** Whether anything is on its way. */
    val isEmpty: Boolean get() = pieces.isEmpty() && last == null

    /** Whether more can be taken in. */
    val takesMore: Boolean get() = last == null && size < LIMIT

    /** Takes in what has arrived by [now], each piece of it late by [delay], and tells whether that was anything. */
    fun arrive(now: Long, delay: () -> Duration): Boolean {
        val known = size
        while (takesMore) {
            val bytes = ByteBuffer.allocate(PIECE)
            val count = try {
                inner.read(bytes)
            } catch (e: ClosedChannelException) {
                throw e
            } catch (e: IOException) {
                finish(now + delay().inWholeNanoseconds, Result.failure(e))
                return true
            }
            if (count == 0) break
            if (count < 0) {
                finish(now + delay().inWholeNanoseconds, Result.success(Unit))
                return true
            }
            lastDue = maxOf(lastDue, now + delay().inWholeNanoseconds)
            // In memory of its own size: what is on its way is bounded by its bytes.
            pieces.addLast(Piece(lastDue, ByteBuffer.allocate(count).put(bytes.flip()).flip()))
            size += count
        }
        return size > known
    }

    /** How long it is from [now] until there is something to be read, or null if nothing is on its way. */
    fun pause(now: Long): Duration? {
        val due = pieces.firstOrNull()?.due ?: lastDue.takeIf { last != null } ?: return null
        return (due - now).coerceAtLeast(0).nanoseconds
    }

    /** As [RawStream.read], of what is due at [now]. */
    fun read(target: ByteBuffer, now: Long): Int {
        if (pause(now) != Duration.ZERO) return 0
        val piece = pieces.firstOrNull()
        if (piece == null) {
            last?.getOrThrow()
            return -1
        }
        val count = minOf(target.remaining(), piece.bytes.remaining())
        target.put(piece.bytes.slice().limit(count))
        piece.bytes.position(piece.bytes.position() + count)
        size -= count
        if (!piece.bytes.hasRemaining()) pieces.removeFirst()
        return count
    }

    private fun finish(due: Long, how: Result<Unit>) {
        last = how
        lastDue = maxOf(lastDue, due)
    }

    private companion object {
        const val PIECE = 16 * 1024
        const val LIMIT = 1024 * 1024
    }
}
