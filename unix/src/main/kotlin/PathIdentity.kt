package io.hawser.unix

import io.hawser.Attributes
import io.hawser.Endpoint
import io.hawser.engine.StreamIdentity
import io.hawser.transport.TransportApi
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.channels.SocketChannel

/** Streams that a server at [address] accepts. Their channels know but the name it was bound to, in its private folder. */
@TransportApi
internal class AcceptedAtPath(private val address: SocketAddress) : StreamIdentity(Unix.SCHEME) {
    override fun local(channel: SocketChannel): SocketAddress = address

    override fun remote(channel: SocketChannel): SocketAddress = channel.remoteAddress.nameable()

    override fun attributes(channel: SocketChannel): Attributes = PathCredentials.of(channel).asAttributes()
}

/** Streams of a client of [address], which may have been connected to by another name. */
@TransportApi
internal class ConnectedToPath(private val address: SocketAddress) : StreamIdentity(Unix.SCHEME) {
    override fun remote(channel: SocketChannel): SocketAddress = address

    override fun attributes(channel: SocketChannel): Attributes = PathCredentials.of(channel).asAttributes()
}

internal fun PeerCredentials?.asAttributes(): Attributes =
    if (this == null) Attributes.none else Attributes.none.with(PeerCredentials.attribute, this)

/** The address of who has no name. */
internal val unnamed: SocketAddress = UnixDomainSocketAddress.of("")

/** This address, or that of nobody if no endpoint can have its name: a peer gives itself any, and has to be named in messages. */
internal fun SocketAddress.nameable(): SocketAddress = try {
    Endpoint.of(Unix.SCHEME, this)
    this
} catch (_: IllegalArgumentException) {
    unnamed
}
