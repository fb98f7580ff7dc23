package io.hawser.broker.serving

import io.hawser.broker.link.Lane
import io.hawser.broker.link.Outbound.Offer
import io.hawser.broker.routing.Forwarding
import io.hawser.broker.routing.Forwarding.Room
import io.hawser.broker.routing.Replies
import io.hawser.broker.routing.RoutingApi
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import java.nio.ByteBuffer

/** A request that [peer] has been given to answer: what is asked goes by its [lane], and what it answers to [replies]. */
@OptIn(RoutingApi::class)
internal class Assignment(private val peer: Peer, private val lane: Lane, private val replies: Replies) : Forwarding {
    override val opening: Room get() = Room.Taken

    /** For the peer's reader alone. */
    private var hasReplied = false

    override fun chunk(bytes: ByteBuffer): Room = peer.outbound.offer(lane, Frame.Chunk(lane.id, bytes)).room

    override fun end(total: Long) {
        peer.outbound.offer(lane, Frame.End(lane.id, total))
    }

    override fun credit(bytes: Int): Unit = peer.outbound.grant(lane, bytes)

    override fun cancel(isLate: Boolean) {
        peer.outbound.abandon(lane, if (isLate) Code.TIMED_OUT else Code.PEACE)
        peer.takeBack(lane.id)
    }

    /** The peer says [frame] of it. */
    fun hear(frame: Frame) {
        when (frame) {
            is Frame.Reply -> {
                if (hasReplied) throw peer.outOfOrder("REPLY to the request ${lane.id} once more")
                hasReplied = true
                allowed(replies.reply(frame.headers.asBuffer(), frame.body, frame.isLast))
                if (frame.isLast) over()
            }

            is Frame.Chunk -> {
                requireReply("CHUNK")
                allowed(replies.chunk(frame.body))
            }

            is Frame.End -> {
                requireReply("END")
                replies.end(frame.total)
                over()
            }

            is Frame.Error -> {
                replies.error(frame.code, "${frame.text}")
                over()
            }

            is Frame.Credit -> allowed(replies.credit(frame.bytes))

            else -> error("$frame is not said of a request that is answered")
        }
    }

    /** The peer is gone. */
    fun lost(): Unit = replies.lost()

    /** What would have been given, had there been room. */
    class NotGiven(override val opening: Room) : Forwarding {
        override fun chunk(bytes: ByteBuffer): Room = opening

        override fun end(total: Long) {}

        override fun credit(bytes: Int) {}

        override fun cancel(isLate: Boolean) {}
    }

    private fun over() {
        peer.outbound.forget(lane)
        peer.takeBack(lane.id)
    }

    private fun requireReply(what: String) {
        if (!hasReplied) throw peer.outOfOrder("$what of the answer to ${lane.id} before its REPLY")
    }

    private fun allowed(isAllowed: Boolean) {
        if (!isAllowed) throw peer.overCredit(lane.id)
    }
}

/** Who is gone says so by himself. */
@OptIn(RoutingApi::class)
internal val Offer.room: Room
    get() = when (this) {
        Offer.Queued, Offer.Closed -> Room.Taken
        Offer.NoRoom -> Room.TargetFull
        Offer.NoBudget -> Room.BrokerFull
    }
