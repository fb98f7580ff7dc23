package io.hawser.broker.routing

import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.HeaderBlock
import java.nio.ByteBuffer
import java.util.UUID

/** Somebody who answers on a channel. */
@RoutingApi
public interface RequestTarget {
    /** Tells connections of a broker apart. */
    public val peerId: Long

    /** How many requests it takes at a time. At least 1. */
    public val capacity: Int

    /**
     * Gives it [request], and returns how to go on with it, or null if it is gone. What it answers goes to [replies], none of which it calls
     * before this has returned. It is called with a lock held: it queues, and returns at once.
     */
    public fun forward(request: ForwardedRequest, replies: Replies): Forwarding?
}

/** A request as far as a broker knows it. Headers have the form of `PROTOCOL.md`: the broker does not read them. */
@RoutingApi
public class ForwardedRequest private constructor(
    /** Where it is asked. */
    public val channel: UUID,
    /** What is left of its time, at least 1. */
    public val timeoutMs: Long,
    internal val flags: Int,
    internal val headerBlock: HeaderBlock,
    /** The first bytes of the body, for whoever duplicates it. */
    public val body: ByteBuffer,
) {
    /** Whether [body] is all of the body. */
    public val isWhole: Boolean get() = flags and Frame.WHOLE != 0

    /** Whether it may be given to another one if the first is lost. */
    public val isIdempotent: Boolean get() = flags and Frame.IDEMPOTENT != 0

    /** Whether it is to be answered at once, empty, by a library. */
    public val isProbe: Boolean get() = flags and Frame.PROBE != 0

    /** The headers as they travel. */
    public val headers: ByteBuffer get() = headerBlock.asBuffer()

    public companion object {
        /**
         * A request that has come to this process by another way than from one of the broker's own connections.
         *
         * @throws IllegalArgumentException if [headers] are not what `PROTOCOL.md` says.
         */
        @JvmStatic
        public fun of(
            channel: UUID,
            timeoutMs: Long,
            headers: ByteBuffer,
            body: ByteBuffer,
            isWhole: Boolean,
            isIdempotent: Boolean,
            isProbe: Boolean,
        ): ForwardedRequest {
            val flags = flag(isWhole, Frame.WHOLE) or flag(isIdempotent, Frame.IDEMPOTENT) or flag(isProbe, Frame.PROBE)
            return ForwardedRequest(channel, timeoutMs, flags, headerBlock(headers), body)
        }

        internal fun of(channel: UUID, timeoutMs: Long, flags: Int, headers: HeaderBlock, body: ByteBuffer) =
            ForwardedRequest(channel, timeoutMs, flags, headers, body)

        private fun flag(isSet: Boolean, flag: Int) = if (isSet) flag else 0

        internal fun headerBlock(headers: ByteBuffer): HeaderBlock {
            val rest = headers.duplicate()
            val block = HeaderBlock.cut(rest)
            require(block != null && !rest.hasRemaining()) { "$headers are no headers" }
            return block
        }
    }
}

/**
 * What goes on towards the target of a request. Each may be called by any thread, one at a time, and does nothing once it has ended. None may
 * end the request by its replies before it has returned.
 */
@RoutingApi
public interface Forwarding {
    /** Whether there was room for what the request began with; if not, the target has heard nothing of it. */
    public val opening: Room

    /** More of the body. */
    public fun chunk(bytes: ByteBuffer): Room

    /** The body is complete, and [total] bytes long. */
    public fun end(total: Long)

    /** [bytes] more may be answered than before. */
    public fun credit(bytes: Int)

    /** Nobody wants the answer any more: [isLate] if its time is over. */
    public fun cancel(isLate: Boolean)

    /** Whether there was room for something. */
    public enum class Room {
        /** It was taken. */
        Taken,

        /** Too much waits for this target. */
        TargetFull,

        /** Too much waits for all. */
        BrokerFull,
    }
}

/**
 * What comes back of a request. Each may be called by any thread, one at a time, and does nothing once the request has ended. False says
 * that there was no credit for it: whoever answers has broken the protocol, and is [lost].
 */
@RoutingApi
public interface Replies {
    /** The answer begins with [headers], in the form of `PROTOCOL.md`, and [body]; [isWhole] if that is all. */
    public fun reply(headers: ByteBuffer, body: ByteBuffer, isWhole: Boolean): Boolean

    /** More of the answer's body. */
    public fun chunk(bytes: ByteBuffer): Boolean

    /** The answer is complete, and its body [total] bytes long. */
    public fun end(total: Long)

    /** The provider has failed, with a code and words of its own. */
    public fun error(code: Int, text: String)

    /** [bytes] more of the question may be sent than before. */
    public fun credit(bytes: Int): Boolean

    /** Whoever was to answer is gone. */
    public fun lost()
}
