package io.hawser.broker.wire

import io.hawser.broker.wire.FrameType.Ids.ANSWERED
import io.hawser.broker.wire.FrameType.Ids.CONNECTION
import io.hawser.broker.wire.FrameType.Ids.HANDLE
import io.hawser.broker.wire.FrameType.Ids.NEW
import io.hawser.broker.wire.FrameType.Ids.OPENED
import io.hawser.broker.wire.FrameType.Ids.REQUEST

/** The kinds of frames, and what can be said of each from its header alone. [from] is the only side that sends it, null for both. */
internal enum class FrameType(
    val number: Int,
    val ids: Ids,
    val lengths: IntRange,
    val flags: Int = 0,
    private val from: Side? = null,
) {
    CLIENT_HELLO(0x01, CONNECTION, 10..Int.MAX_VALUE, from = Side.CLIENT),
    BROKER_HELLO(0x01, CONNECTION, 26..Int.MAX_VALUE, from = Side.BROKER),
    REGISTER(0x02, HANDLE, 24..24 + Frame.LONGEST_TOKEN, from = Side.CLIENT),
    REGISTERED(0x03, HANDLE, 4..4 + Text.LIMIT, from = Side.BROKER),
    START(0x10, NEW, 10..Int.MAX_VALUE, Frame.WHOLE or Frame.WAIT or Frame.IDEMPOTENT or Frame.PROBE),
    REPLY(0x11, ANSWERED, 2..Int.MAX_VALUE, Frame.WHOLE),
    CHUNK(0x12, REQUEST, 1..Int.MAX_VALUE),
    END(0x13, REQUEST, 8..8),
    ERROR(0x14, ANSWERED, 4..4 + Text.LIMIT, Frame.PROVIDER),
    CANCEL(0x15, OPENED, 4..4),
    CREDIT(0x16, REQUEST, 4..4),
    PING(0x20, CONNECTION, 8..8),
    PONG(0x21, CONNECTION, 8..8),
    GOAWAY(0x22, CONNECTION, 4..4 + Text.LIMIT),
    ;

    /** What the id of a frame means. */
    enum class Ids {
        /** Nothing: it is 0. */
        CONNECTION,

        /** A registration. */
        HANDLE,

        /** A request that its sender opens with it. */
        NEW,

        /** A request that its sender has opened. */
        OPENED,

        /** A request that the other side has opened. */
        ANSWERED,

        /** A request that either side has opened. */
        REQUEST,
    }

    override fun toString(): String = name.substringAfter('_')

    companion object {
        /** What has this number or a higher one, and is not known, is passed over. */
        const val FIRST_UNKNOWN = 0x40

        private val known = Side.entries.associateWith { side ->
            arrayOfNulls<FrameType>(FIRST_UNKNOWN).also { for (type in entries) if (type.from != side.other) it[type.number] = type }
        }

        fun of(number: Int, from: Side): FrameType? = known.getValue(from).getOrNull(number)

        private val Side.other: Side get() = if (this == Side.CLIENT) Side.BROKER else Side.CLIENT
    }
}
