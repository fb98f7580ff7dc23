package io.hawser.engine

import io.hawser.Admission
import io.hawser.DatagramTooLarge
import io.hawser.Endpoint
import io.hawser.PeerUnreachable
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.Inet6Address
import java.net.InetSocketAddress
import java.net.PortUnreachableException
import java.net.SocketAddress
import java.net.StandardSocketOptions.SO_REUSEADDR
import java.nio.ByteBuffer
import java.nio.channels.DatagramChannel

/**
 * An internet [DatagramChannel] on an [EventLoop], bound, and connected if it has one peer only: then the system turns others away, and
 * tells that nobody receives there.
 *
 * Takes [channel] over, also when the constructor throws.
 */
@TransportApi
public class SelectableDatagrams internal constructor(
    override val loop: EventLoop,
    /** For what only it can do, such as joining a group. It must stay non-blocking, bound and open. */
    public val channel: DatagramChannel,
    private val scheme: String,
    override val admission: Admission = Admission.everyone,
) : RawDatagrams {
    override val local: SocketAddress
    override val remote: SocketAddress?
    override val endpoint: Endpoint
    private val watched = Watched(loop, channel)

    init {
        try {
            // Read once: on a closed channel the addresses are gone.
            local = channel.localAddress
            remote = channel.remoteAddress
            endpoint = Endpoint.of(scheme, local)
        } catch (e: Throwable) {
            watched.close()
            throw e
        }
    }

    override fun endpointOf(address: SocketAddress): Endpoint = Endpoint.of(scheme, address)

    override fun limitTo(target: SocketAddress): Int =
        if ((target as? InetSocketAddress)?.address is Inet6Address) LARGEST_IN_IPV6 else LARGEST_IN_IPV4

    // The same for connected channels: `read` returns 0 for an empty datagram and for none.
    override fun receive(target: ByteBuffer): SocketAddress? = try {
        channel.receive(target)
    } catch (e: IOException) {
        throw typed(e, remote ?: local)
    }

    override fun send(source: ByteBuffer, target: SocketAddress): Boolean {
        val size = source.remaining()
        require(remote == null || target == remote) { "$this sends to $remote only, and not to $target" }
        return try {
            if (size == 0) return sendEmpty(source, target)
            channel.send(source, target) > 0
        } catch (e: IOException) {
            throw if (e.isTooLarge) DatagramTooLarge(endpointOf(target), size, minOf(limitTo(target), size - 1), e) else typed(e, target)
        }
    }

    override suspend fun awaitReadable(): Unit = watched.awaitReadable()

    override fun wakeReader(): Unit = watched.wakeReader()

    override suspend fun awaitSendable(target: SocketAddress, attempts: Int): Unit = watched.awaitWritable()

    override fun close(): Unit = watched.close(local)

    override suspend fun awaitClosed(): Unit = watched.awaitClosed()

    override fun toString(): String = endpoint.toString()

    /**
     * The JDK makes no system call for an empty datagram of a connected channel: so it leaves through another one that has the same address
     * for the moment. What the peer sends, and what its host says, goes to the connected one all the same, which the kernel prefers.
     */
    private fun sendEmpty(source: ByteBuffer, target: SocketAddress): Boolean {
        if (remote == null) {
            channel.send(source, target)
            return true
        }
        synchronized(watched) {
            channel.setOption(SO_REUSEADDR, true)
            try {
                loop.provider.openDatagramChannel().use { twin ->
                    twin.setOption(SO_REUSEADDR, true).bind(local).send(source, target)
                }
            } finally {
                // Else others could be given this port too.
                if (channel.isOpen) channel.setOption(SO_REUSEADDR, false)
            }
        }
        return true
    }

    private fun typed(e: IOException, peer: SocketAddress): IOException =
        if (e is PortUnreachableException) PeerUnreachable(endpointOf(peer), e) else e

    private companion object {
        /** What a length of 16 bits has room for beside the headers of IPv4 and UDP (RFC 768, RFC 791). */
        const val LARGEST_IN_IPV4 = 65_507

        /** IPv6 does not count its own header (RFC 8200, section 3). */
        const val LARGEST_IN_IPV6 = 65_527

        /** EMSGSIZE, which the JDK tells by its text alone. */
        val IOException.isTooLarge: Boolean get() = message?.contains("message too long", ignoreCase = true) == true
    }
}
