package io.hawser.unix

import io.hawser.Attributes
import io.hawser.engine.StreamIdentity
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.channels.SocketChannel
import java.nio.file.InvalidPathException
import org.newsclub.net.unix.AFUNIXSocketAddress
import org.newsclub.net.unix.AFUNIXSocketChannel

/** Streams of junixsocket: those that a server accepts have its address [local], those of a client the server's [remote]. */
@TransportApi
internal class AbstractIdentity(
    private val local: SocketAddress? = null,
    private val remote: SocketAddress? = null,
) : StreamIdentity(Unix.SCHEME) {
    override fun local(channel: SocketChannel): SocketAddress = local ?: channel.localAddress.plain()

    override fun remote(channel: SocketChannel): SocketAddress = remote ?: channel.remoteAddress.plain().nameable()

    override fun attributes(channel: SocketChannel): Attributes = try {
        val peer = (channel as AFUNIXSocketChannel).peerCredentials
        if (peer == null || peer.isEmpty) Attributes.none else PeerCredentials(peer.uid, peer.gid, peer.pid).asAttributes()
    } catch (_: IOException) {
        Attributes.none
    }
}

/** What junixsocket calls an address, as the JDK and we do. It pads abstract names with NULs. */
internal fun SocketAddress?.plain(): SocketAddress {
    val bytes = (this as? AFUNIXSocketAddress)?.pathAsBytes ?: return unnamed
    val end = bytes.indexOfLast { it != 0.toByte() } + 1
    return when {
        end == 0 -> unnamed
        bytes[0] == 0.toByte() -> AbstractAddress(bytes.copyOfRange(1, end))
        else -> pathOf(bytes.decodeToString(0, end))
    }
}

/** As good as none, if Java cannot write it. */
private fun pathOf(path: String): SocketAddress = try {
    UnixDomainSocketAddress.of(path)
} catch (_: InvalidPathException) {
    unnamed
}

/** This name as junixsocket calls it. */
internal fun AbstractAddress.foreign(): AFUNIXSocketAddress = AFUNIXSocketAddress.of(byteArrayOf(0) + bytes)
