package io.hawser.broker.wire

import io.hawser.broker.Role
import java.nio.ByteBuffer
import java.util.UUID

/**
 * What travels, in both directions. `PROTOCOL.md` says what each means and where.
 *
 * A frame never changes, so it may stand in any number of queues: [body], a part of what is asked or answered, is on the heap, and whoever
 * reads it does so by a duplicate.
 */
internal sealed class Frame(val type: FrameType, val id: Long) {
    open val flags: Int get() = 0

    /** How many bytes there are between the header and the [body]. */
    abstract val prefix: Int
    open val body: ByteBuffer get() = NOTHING

    /** Whether its side says nothing more of the request, but CREDIT and CANCEL. */
    open val isLast: Boolean get() = false

    /** The length of the payload. */
    val length: Int get() = prefix + body.remaining()

    /** What it counts for where bytes are bounded: many frames of a byte are memory too. */
    val cost: Int get() = length + OVERHEAD

    class ClientHello(val lowest: Int, val highest: Int, val headers: HeaderBlock) : Frame(FrameType.CLIENT_HELLO, 0) {
        override val prefix: Int get() = 8 + headers.size
    }

    class BrokerHello(
        val version: Int,
        val maxFrame: Int,
        val maxHeaders: Int,
        val window: Int,
        val pingEveryMs: Int,
        val headers: HeaderBlock,
    ) : Frame(FrameType.BROKER_HELLO, 0) {
        override val prefix: Int get() = 24 + headers.size
    }

    class Register(handle: Long, val role: Role, val channel: UUID, val capacity: Int, val token: ByteArray) :
        Frame(FrameType.REGISTER, handle) {
        override val prefix: Int get() = 24 + token.size
    }

    class Registered(handle: Long, val code: Int, val text: Text) : Frame(FrameType.REGISTERED, handle) {
        override val prefix: Int get() = Int.SIZE_BYTES + text.size
    }

    /** @property timeoutMs what is left of it; 0 for as long as the broker allows. */
    class Start(
        id: Long,
        override val flags: Int,
        val handle: Long,
        val timeoutMs: Long,
        val headers: HeaderBlock,
        override val body: ByteBuffer,
    ) : Frame(FrameType.START, id) {
        override val prefix: Int get() = 8 + headers.size
        override val isLast: Boolean get() = flags and WHOLE != 0
    }

    class Reply(id: Long, override val flags: Int, val headers: HeaderBlock, override val body: ByteBuffer) : Frame(FrameType.REPLY, id) {
        override val prefix: Int get() = headers.size
        override val isLast: Boolean get() = flags and WHOLE != 0
    }

    class Chunk(id: Long, override val body: ByteBuffer) : Frame(FrameType.CHUNK, id) {
        override val prefix: Int get() = 0
    }

    class End(id: Long, val total: Long) : Frame(FrameType.END, id) {
        override val prefix: Int get() = Long.SIZE_BYTES
        override val isLast: Boolean get() = true
    }

    class Error(id: Long, override val flags: Int, val code: Int, val text: Text) : Frame(FrameType.ERROR, id) {
        override val prefix: Int get() = Int.SIZE_BYTES + text.size
        override val isLast: Boolean get() = true
    }

    class Cancel(id: Long, val code: Int) : Frame(FrameType.CANCEL, id) {
        override val prefix: Int get() = Int.SIZE_BYTES
    }

    class Credit(id: Long, val bytes: Int) : Frame(FrameType.CREDIT, id) {
        override val prefix: Int get() = Int.SIZE_BYTES
    }

    class Ping(val content: Long) : Frame(FrameType.PING, 0) {
        override val prefix: Int get() = Long.SIZE_BYTES
    }

    class Pong(val content: Long) : Frame(FrameType.PONG, 0) {
        override val prefix: Int get() = Long.SIZE_BYTES
    }

    class GoAway(val code: Int, val text: Text) : Frame(FrameType.GOAWAY, 0) {
        override val prefix: Int get() = Int.SIZE_BYTES + text.size
    }

    override fun toString(): String = "$type($id, $length bytes)"

    companion object {
        /** The length of the header. */
        const val HEADER = 16

        /** `HWSR`, in both hellos. */
        const val MAGIC = 0x48575352

        /** Of START and REPLY: no more of the body is to come. */
        const val WHOLE = 0x01

        /** Of START: it may wait for a provider. */
        const val WAIT = 0x02

        /** Of START: another provider may be asked again. */
        const val IDEMPOTENT = 0x04

        /** Of START: it is not for the handler. */
        const val PROBE = 0x08

        /** Of ERROR: the code is the provider's own. */
        const val PROVIDER = 0x01

        /** The longest payload of the first frame of each side. */
        const val LONGEST_FIRST = 1024

        /** The payload that may be as long on every connection. */
        const val SMALLEST_MAX_FRAME = 16 * 1024
        const val LARGEST_MAX_FRAME = 16 * 1024 * 1024
        const val LONGEST_TOKEN = 4096

        private const val OVERHEAD = 64
        private val NOTHING: ByteBuffer = ByteBuffer.allocate(0)
    }
}
