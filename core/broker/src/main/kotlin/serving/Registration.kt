package io.hawser.broker.serving

import io.hawser.broker.Role
import io.hawser.broker.routing.ForwardedRequest
import io.hawser.broker.routing.Forwarding
import io.hawser.broker.routing.Replies
import io.hawser.broker.routing.RequestTarget
import io.hawser.broker.routing.RoutingApi
import io.hawser.broker.wire.Code
import io.hawser.broker.wire.Frame
import io.hawser.broker.wire.Text
import java.util.concurrent.atomic.AtomicBoolean

/** What [peer] is on [channel], under a [handle] that it has chosen. */
internal sealed class Registration(protected val peer: Peer, val handle: Long, val channel: Channel) {
    abstract val role: Role
    open val capacity: Int get() = 0

    private val isAnnounced = AtomicBoolean()

    /** Tells the peer, once, that it is. */
    fun announce() {
        if (isAnnounced.compareAndSet(false, true)) peer.outbound.say(Frame.Registered(handle, Code.PEACE.number, Text.of("")))
    }

    /** It asks there. */
    class Consumer(peer: Peer, handle: Long, channel: Channel) : Registration(peer, handle, channel) {
        override val role: Role get() = Role.CONSUMER
    }

    /** It answers there. */
    @OptIn(RoutingApi::class)
    class Provider(peer: Peer, handle: Long, channel: Channel, override val capacity: Int) :
        Registration(peer, handle, channel),
        RequestTarget {
        /** Has it answer no more. */
        var seat: AutoCloseable? = null

        override val role: Role get() = Role.PROVIDER
        override val peerId: Long get() = peer.id

        override fun forward(request: ForwardedRequest, replies: Replies): Forwarding? {
            // It can be chosen before it has been told that it is one.
            announce()
            return peer.give(handle, request, replies)
        }
    }
}
