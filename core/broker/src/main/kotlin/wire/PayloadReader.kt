package io.hawser.broker.wire

import io.hawser.Endpoint
import io.hawser.broker.Role
import java.nio.ByteBuffer
import java.util.UUID

/** Makes frames of payloads that [peer] has sent, whose lengths and ids are as they may be. */
internal class PayloadReader(private val peer: Endpoint) {
    /** @throws Violation if there is no such frame. */
    fun frame(type: FrameType, flags: Int, id: Long, payload: ByteBuffer): Frame = when (type) {
        FrameType.CLIENT_HELLO -> clientHello(payload)

        FrameType.BROKER_HELLO -> brokerHello(payload)

        FrameType.REGISTER -> register(id, payload)

        FrameType.REGISTERED -> Frame.Registered(id, code(payload), text(payload))

        FrameType.START -> {
            val handle = Integer.toUnsignedLong(payload.getInt())
            val timeoutMs = Integer.toUnsignedLong(payload.getInt())
            Frame.Start(id, flags, handle, timeoutMs, headers(payload), payload.slice())
        }

        FrameType.REPLY -> Frame.Reply(id, flags, headers(payload), payload.slice())

        FrameType.CHUNK -> Frame.Chunk(id, payload)

        FrameType.END -> Frame.End(id, payload.getLong().also { if (it < 0) malformed("a body of ${it.toULong()} bytes") })

        FrameType.ERROR -> Frame.Error(id, flags, code(payload), text(payload))

        FrameType.CANCEL -> Frame.Cancel(id, code(payload))

        FrameType.CREDIT -> Frame.Credit(id, positive("a credit", payload))

        FrameType.PING -> Frame.Ping(payload.getLong())

        FrameType.PONG -> Frame.Pong(payload.getLong())

        FrameType.GOAWAY -> Frame.GoAway(code(payload), text(payload))
    }

    private fun clientHello(payload: ByteBuffer): Frame {
        magic(payload)
        val lowest = payload.unsignedShort()
        val highest = payload.unsignedShort()
        if (lowest > highest) malformed("versions from $lowest to $highest")
        return Frame.ClientHello(lowest, highest, headers(payload))
    }

    private fun brokerHello(payload: ByteBuffer): Frame {
        magic(payload)
        val version = payload.unsignedShort()
        val reserved = payload.unsignedShort()
        if (reserved != 0) malformed("HELLO with $reserved where there is to be zero")
        val maxFrame = positive("max_frame", payload)
        if (maxFrame !in Frame.SMALLEST_MAX_FRAME..Frame.LARGEST_MAX_FRAME) malformed("max_frame $maxFrame")
        val maxHeaders = positive("max_headers", payload)
        val window = positive("window", payload)
        return Frame.BrokerHello(version, maxFrame, maxHeaders, window, positive("ping_every", payload), headers(payload))
    }

    private fun register(handle: Long, payload: ByteBuffer): Frame {
        val number = payload.getInt()
        val role = when (number) {
            1 -> Role.PROVIDER
            2 -> Role.CONSUMER
            else -> malformed("the role ${number.toUInt()}")
        }
        val capacity = payload.getInt()
        if (if (role == Role.PROVIDER) capacity <= 0 else capacity != 0) malformed("a $role with the capacity ${capacity.toUInt()}")
        val channel = UUID(payload.getLong(), payload.getLong())
        return Frame.Register(handle, role, channel, capacity, ByteArray(payload.remaining()).also { payload.get(it) })
    }

    private fun magic(payload: ByteBuffer) {
        val magic = payload.getInt()
        if (magic != Frame.MAGIC) malformed("the magic number %08x".format(magic))
    }

    private fun positive(what: String, payload: ByteBuffer): Int {
        val value = payload.getInt()
        if (value <= 0) malformed("$what of ${value.toUInt()}")
        return value
    }

    private fun code(payload: ByteBuffer): Int {
        val code = payload.getInt()
        if (code < 0) malformed("the code ${code.toUInt()}")
        return code
    }

    private fun text(payload: ByteBuffer): Text = Text.read(payload) ?: malformed("a text that is not UTF-8")

    private fun headers(payload: ByteBuffer): HeaderBlock =
        HeaderBlock.cut(payload) ?: malformed("headers that are not what they say they are")

    private fun ByteBuffer.unsignedShort(): Int = getShort().toInt() and 0xffff

    private fun malformed(detail: String): Nothing = throw Violation(Code.MALFORMED, peer, detail)
}
