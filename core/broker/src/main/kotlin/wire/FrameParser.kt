package io.hawser.broker.wire

import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.hawser.UnexpectedEnd
import java.nio.ByteBuffer

/**
 * Makes frames of the bytes that [peer], which is [from] that side, sends, in whatever pieces they come.
 *
 * All that a header says is held to what may be before anything is kept of its payload. A payload that has come at once is a slice of what
 * it came in, unless it would hold on to much more than itself. Of what has not, no more is kept than has come: of a CHUNK [PIECE] bytes
 * at most, for then they go on as a CHUNK of their own.
 *
 * @param maxFrame the longest payload that is taken; the hello of a broker sets it anew.
 * @param lastOpened the highest id of a request that this side has opened.
 */
internal class FrameParser(
    private val from: Side,
    private val peer: Endpoint,
    private var maxFrame: Int = Frame.LARGEST_MAX_FRAME,
    private val lastOpened: () -> Long,
) {
    private val payloads = PayloadReader(peer)

    /** What has come of a header. */
    private val header = ByteBuffer.allocate(Frame.HEADER)

    /** Of the frame whose payload is coming; the type is null if it is passed over. */
    private var inFrame = false
    private var type: FrameType? = null
    private var flags = 0
    private var id = 0L

    /** How many bytes of the payload have not been made a frame of, or passed over. */
    private var left = 0

    /** The first [kept] bytes of it have come, but not enough of them. */
    private var part: ByteArray? = null
    private var kept = 0

    private var isGreeted = false
    private var lastStart = 0L

    /**
     * Tells [sink] of each frame that [arrival], which must not change any more, completes.
     *
     * @throws Violation after which nothing more may be fed.
     */
    fun feed(arrival: ByteArray, sink: (Frame) -> Unit) {
        val bytes = ByteBuffer.wrap(arrival)
        while (true) {
            if (!inFrame && !readHeader(bytes)) return
            if (!readPayload(bytes, sink)) return
            if (left == 0) inFrame = false
        }
    }

    /**
     * The stream has ended.
     *
     * @throws UnexpectedEnd if that is in the middle of a frame.
     */
    fun end() {
        if (inFrame) throw UnexpectedEnd(peer, kept, "$left that were left of ${type ?: "a frame"}")
        if (header.position() > 0) throw UnexpectedEnd(peer, header.position(), "a header of ${Frame.HEADER} bytes")
    }

    /** Tells whether all of a header has come. */
    private fun readHeader(bytes: ByteBuffer): Boolean {
        val missing = minOf(header.remaining(), bytes.remaining())
        header.put(bytes.slice(bytes.position(), missing))
        bytes.position(bytes.position() + missing)
        if (header.hasRemaining()) return false
        header.flip()
        begin(Integer.toUnsignedLong(header.getInt()), header.unsignedByte(), header.unsignedByte(), header.getShort(), header.getLong())
        header.clear()
        return true
    }

    private fun begin(length: Long, number: Int, flags: Int, reserved: Short, id: Long) {
        val limit = if (isGreeted) maxFrame else Frame.LONGEST_FIRST
        if (length > limit) {
            val what = if (isGreeted) "a frame of $length bytes" else "a first frame of $length bytes"
            throw Violation(Code.FRAME_TOO_LARGE, FrameTooLarge(peer, limit, what))
        }
        if (reserved != 0.toShort()) malformed("a header with ${java.lang.Short.toUnsignedInt(reserved)} where there is to be zero")
        val type = FrameType.of(number, from)
        if (type == null &&
            number < FrameType.FIRST_UNKNOWN
        ) {
            malformed("a frame of type 0x%02x, which %s does not send".format(number, from))
        }
        val isHello = type == FrameType.CLIENT_HELLO || type == FrameType.BROKER_HELLO
        if (isGreeted && isHello) violation(Code.ORDER, "HELLO once more")
        // Who does not want to speak with this side at all says so at once.
        if (!isGreeted && !isHello && type != FrameType.GOAWAY) violation(Code.ORDER, "${type ?: "a frame"} before HELLO")
        if (type != null) {
            if (length !in type.lengths) malformed("$type of $length bytes")
            val unknown = flags and MUST_BE_KNOWN and type.flags.inv()
            if (unknown != 0) malformed("$type with the flag 0x%02x".format(unknown))
            checkId(type, id)
            this.flags = flags and type.flags
        }
        this.type = type
        this.id = id
        left = length.toInt()
        inFrame = true
    }

    private fun checkId(type: FrameType, id: Long) {
        when (type.ids) {
            FrameType.Ids.CONNECTION -> if (id != 0L) refuse(type, id, "which is to be 0")

            FrameType.Ids.HANDLE -> if (id !in 1..LAST_HANDLE) refuse(type, id, "which is no handle")

            FrameType.Ids.NEW -> {
                if (id <= 0 || !from.opens(id)) refuse(type, id, "which $from does not open")
                if (id <= lastStart) refuse(type, id, "which is not above $lastStart")
                lastStart = id
            }

            FrameType.Ids.OPENED -> {
                if (!from.opens(id)) refuse(type, id, "which $from does not open")
                requireOpened(type, id)
            }

            FrameType.Ids.ANSWERED -> {
                if (from.opens(id)) refuse(type, id, "which $from opens itself")
                requireOpened(type, id)
            }

            FrameType.Ids.REQUEST -> requireOpened(type, id)
        }
    }

    private fun requireOpened(type: FrameType, id: Long) {
        val last = if (from.opens(id)) lastStart else lastOpened()
        if (id !in 1..last) refuse(type, id, "which nobody has opened")
    }

    /** Tells whether there may be more to read: a frame is complete, or a piece of it. */
    private fun readPayload(bytes: ByteBuffer, sink: (Frame) -> Unit): Boolean {
        val type = type ?: return pass(bytes)
        val isChunk = type == FrameType.CHUNK
        val wanted = if (isChunk) minOf(left, PIECE) else left
        val payload = when {
            kept > 0 || bytes.remaining() < wanted -> gather(bytes, wanted) ?: return false
            isChunk -> take(bytes, minOf(left, bytes.remaining()))
            else -> take(bytes, left)
        }
        left -= payload.remaining()
        val frame = payloads.frame(type, flags, id, payload)
        greet(frame)
        sink(frame)
        return true
    }

    private fun pass(bytes: ByteBuffer): Boolean {
        val passed = minOf(left, bytes.remaining())
        bytes.position(bytes.position() + passed)
        left -= passed
        return left == 0
    }

    /** The first [wanted] bytes of the payload, or null as long as they have not all come. */
    private fun gather(bytes: ByteBuffer, wanted: Int): ByteBuffer? {
        val count = minOf(wanted - kept, bytes.remaining())
        var part = part ?: ByteArray(0)
        if (part.size < kept + count) part = part.copyOf(minOf(wanted, maxOf(kept + count, 2 * part.size)))
        bytes.get(part, kept, count)
        kept += count
        this.part = part
        if (kept < wanted) return null
        this.part = null
        kept = 0
        return ByteBuffer.wrap(part)
    }

    /** The next [count] bytes: a small piece would hold on to the whole array. */
    private fun take(bytes: ByteBuffer, count: Int): ByteBuffer {
        val at = bytes.position()
        bytes.position(at + count)
        if (count >= bytes.capacity() / SLICED_FROM) return bytes.slice(at, count)
        return ByteBuffer.wrap(bytes.array().copyOfRange(at, at + count))
    }

    private fun greet(frame: Frame) {
        if (frame is Frame.ClientHello || frame is Frame.BrokerHello) isGreeted = true
        if (frame is Frame.BrokerHello) maxFrame = frame.maxFrame
    }

    private fun ByteBuffer.unsignedByte(): Int = get().toInt() and 0xff

    private fun refuse(type: FrameType, id: Long, why: String): Nothing = violation(Code.ID, "$type with the id ${id.toULong()}, $why")

    private fun malformed(detail: String): Nothing = violation(Code.MALFORMED, detail)

    private fun violation(code: Code, detail: String): Nothing = throw Violation(code, peer, detail)

    private companion object {
        const val PIECE = 4 * 1024
        const val MUST_BE_KNOWN = 0x0f
        const val LAST_HANDLE = 0xffff_ffffL

        /** The part of an arrival from which on a payload may hold on to all of it. */
        const val SLICED_FROM = 2
    }
}
