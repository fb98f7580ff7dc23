package io.hawser.engine

import io.hawser.Attributes
import io.hawser.transport.TransportApi
import java.net.SocketAddress
import java.nio.channels.SocketChannel

/**
 * What the sockets of a transport are called, and what they tell of their peers. Any thread; one is enough for all sockets of a client or
 * a server. What it throws fails the socket that it was asked for.
 */
@TransportApi
public open class StreamIdentity(
    /** The scheme of their endpoints. */
    public val scheme: String,
) {
    /** Our address on [channel], which has just been opened. */
    public open fun local(channel: SocketChannel): SocketAddress = channel.localAddress

    /** The peer's address on [channel], which has just been opened. */
    public open fun remote(channel: SocketChannel): SocketAddress = channel.remoteAddress

    /** What is known of the peer; asked when somebody first wants to know, so [channel] may be closed. It does not throw. */
    public open fun attributes(channel: SocketChannel): Attributes = Attributes.none
}
