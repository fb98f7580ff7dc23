package io.hawser.broker.link

import io.hawser.broker.link.Outbound.Offer
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import java.nio.ByteBuffer
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.firstOrNull

/**
 * Sends a body by [lane], of which [sent] bytes have been already, as fast as there is [credit]. One coroutine at a time.
 *
 * @param head the headers of the REPLY that is to come first, or null if there is none.
 */
internal class BodySender(
    private val outbound: Outbound,
    private val lane: Lane,
    private val credit: Credit,
    private val maxFrame: Int,
    private var head: HeaderBlock? = null,
    private var sent: Long = 0,
) {
    /** Sends [bytes], which must not change any more; false if nobody wants them. Cancelled it has sent a part of them. */
    suspend fun send(bytes: ByteBuffer): Boolean {
        val rest = bytes.duplicate()
        // Headers that fill a frame go alone.
        if (rest.hasRemaining() && longest(maxFrame, head?.size ?: 0) == 0 && offer(NOTHING) == Offer.Closed) return false
        while (rest.hasRemaining()) {
            val count = credit.take(minOf(rest.remaining(), longest(maxFrame, head?.size ?: 0)))
            if (count == 0) return false
            if (offer(cut(rest, count)) == Offer.Closed) return false
        }
        return true
    }

    /** Sends [bytes], for which there is credit, and which are the last. */
    fun sendNow(bytes: ByteBuffer) {
        val rest = bytes.duplicate()
        while (rest.hasRemaining()) offer(cut(rest, minOf(rest.remaining(), longest(maxFrame, head?.size ?: 0))))
    }

    /** Sends [pieces], one after the other, and nothing else; false if nobody wants them all. */
    suspend fun sendAll(pieces: Flow<ByteArray>): Boolean = pieces.firstOrNull { !send(ByteBuffer.wrap(it)) } == null

    /** What has been sent is all. */
    fun end() {
        outbound.offer(lane, head?.let { Frame.Reply(lane.id, Frame.WHOLE, it, NOTHING) } ?: Frame.End(lane.id, sent))
    }

    private fun cut(rest: ByteBuffer, count: Int): ByteBuffer {
        rest.position(rest.position() + count)
        return rest.slice(rest.position() - count, count)
    }

    private fun offer(piece: ByteBuffer): Offer {
        sent += piece.remaining()
        return outbound.offer(lane, frame(piece))
    }

    private fun frame(piece: ByteBuffer): Frame {
        val headers = head ?: return Frame.Chunk(lane.id, piece)
        head = null
        return Frame.Reply(lane.id, 0, headers, piece)
    }

    companion object {
        private const val PIECE = 64 * 1024
        private val NOTHING: ByteBuffer = ByteBuffer.allocate(0)

        /** The longest piece of a body for one frame, of which [prefix] bytes are something else. */
        fun longest(maxFrame: Int, prefix: Int): Int = minOf(PIECE, maxFrame - prefix)
    }
}
