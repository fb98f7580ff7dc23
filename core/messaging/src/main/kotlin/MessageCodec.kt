package io.hawser.messaging

import io.hawser.Endpoint
import io.hawser.FrameTooLarge
import io.hawser.MalformedFrame
import io.hawser.framing.FrameCodec
import io.hawser.messaging.wire.Flaw
import io.hawser.messaging.wire.FrozenMap
import io.hawser.messaging.wire.ValueReader
import io.hawser.messaging.wire.ValueWriter
import io.hawser.messaging.wire.kind
import io.hawser.messaging.wire.quoted
import io.hawser.messaging.wire.sizeOf
import java.nio.ByteBuffer

/**
 * Messages as frames: their length in four bytes, big-endian, and a map in MessagePack, as `PROTOCOL.md` beside this module has it.
 *
 * A frame is held to [maxFrame] before anything is reserved for it, and what it says of the size of its parts to the bytes that it has. A
 * frame that is no message is a [MalformedFrame] that says where it is wrong; it is gone then, and the next one can be received.
 *
 * A message has one encoding, with the shortest form for each number, text and collection, in one buffer, which may be sent to any
 * number of peers as duplicates.
 *
 * @property maxFrame the longest frame in bytes, the four of its length not counted.
 */
public class MessageCodec @JvmOverloads constructor(public val maxFrame: Int = DEFAULT_MAX_FRAME) : FrameCodec<Message> {
    init {
        require(maxFrame >= 1) { "maxFrame < 1: $maxFrame" }
        require(maxFrame <= LARGEST) { "maxFrame > $LARGEST: $maxFrame" }
    }

    override fun decode(bytes: ByteBuffer, seen: Int, peer: Endpoint): Message? {
        val length = lengthIn(bytes) ?: return null
        if (length > maxFrame) throw FrameTooLarge(peer, maxFrame, "a message of $length bytes")
        if (bytes.remaining() - PREFIX < length) return null
        val start = bytes.position() + PREFIX
        bytes.position(start + length.toInt())
        if (length == 0L) throw MalformedFrame(peer, "a length of zero")
        try {
            val reader = ValueReader(bytes.slice(start, length.toInt()))
            return message(reader.whole(), length + PER_VALUE * reader.values)
        } catch (e: Flaw) {
            throw MalformedFrame(peer, e.describe())
        }
    }

    override fun encode(frame: Message, peer: Endpoint): Array<ByteBuffer> {
        val fields = FrozenMap(
            linkedMapOf(
                EVENT_NAME to frame.eventName,
                TIMESTAMP_MS to frame.timestampMs,
                TIMESTAMP_ISO to frame.timestampIso,
                MESSAGE_TYPE to frame.type.word,
                DATA to frame.content,
            ),
        )
        val size = sizeOf(fields)
        if (size > maxFrame) throw FrameTooLarge.toSend(peer, maxFrame, "a message of $size bytes")
        val bytes = ByteBuffer.allocate(PREFIX + size.toInt()).putInt(size.toInt())
        ValueWriter(bytes).write(fields)
        return arrayOf(bytes.flip())
    }

    override fun expected(bytes: ByteBuffer): String = lengthIn(bytes)?.let { "a message of $PREFIX + $it bytes" } ?: "a message"

    override fun equals(other: Any?): Boolean = other is MessageCodec && maxFrame == other.maxFrame

    override fun hashCode(): Int = maxFrame

    override fun toString(): String = "MessageCodec(up to $maxFrame bytes)"

    /** What the prefix says, if it has all come. The order of the buffer makes no difference. */
    private fun lengthIn(bytes: ByteBuffer): Long? {
        if (bytes.remaining() < PREFIX) return null
        var length = 0L
        for (i in 0 until PREFIX) length = length shl Byte.SIZE_BITS or (bytes.get(bytes.position() + i).toLong() and BYTE)
        return length
    }

    private fun message(value: Any?, weight: Long): Message {
        val fields = value as? FrozenMap ?: throw Flaw("${value.kind}, not a map")
        val event = fields.field<String>(EVENT_NAME, "a string")
        eventNameFlaw(event)?.let { throw Flaw("$EVENT_NAME $it") }
        val ms = fields.field<Long>(TIMESTAMP_MS, "an integer")
        val iso = fields.field<String>(TIMESTAMP_ISO, "a string")
        val word = fields.field<String>(MESSAGE_TYPE, "a string")
        val type = MessageType.ofWord(word)
            ?: throw Flaw("$MESSAGE_TYPE ${word.quoted()} is none of ${MessageType.entries.joinToString { it.word }}")
        return Message(event, ms, iso, type, fields.field<FrozenMap>(DATA, "a map"), weight)
    }

    private inline fun <reified T : Any> FrozenMap.field(name: String, kind: String): T {
        val value = raw[name]
        if (value == null && name !in raw) throw Flaw("no $name")
        return value as? T ?: throw Flaw("$name is ${value.kind}, not $kind")
    }

    private companion object {
        const val DEFAULT_MAX_FRAME = 1024 * 1024
        const val LARGEST = 1 shl 30
        const val PREFIX = 4

        /** About what the JVM needs for a value beside its bytes: a reference, an object, half an entry of a map. */
        const val PER_VALUE = 48L
        const val BYTE = 0xffL
        const val EVENT_NAME = "event_name"
        const val TIMESTAMP_MS = "timestamp_ms"
        const val TIMESTAMP_ISO = "timestamp_iso"
        const val MESSAGE_TYPE = "message_type"
        const val DATA = "data"
    }
}
