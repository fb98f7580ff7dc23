package io.hawser.tcp

import io.hawser.Admission
import io.hawser.Candidate
import io.hawser.Endpoint
import io.hawser.UnsupportedTransport
import io.hawser.transport.TransportApi
import java.io.IOException
import java.net.Inet4Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ProtocolFamily
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6
import java.nio.channels.SocketChannel

/** Which internet addresses are meant. */
internal enum class Family(
    val scheme: String,
    val addresses: String,
    /** What sockets are asked for; null for those of both. */
    val protocol: ProtocolFamily?,
    val any: InetAddress,
    private val matches: (InetAddress) -> Boolean,
) {
    Both("tcp", "address", null, InetSocketAddress(0).address, { true }),
    Four("tcp4", "IPv4 address", INET, InetAddress.getByAddress(ByteArray(4)), { it is Inet4Address }),
    Six("tcp6", "IPv6 address", INET6, InetAddress.getByAddress(ByteArray(16)), { it !is Inet4Address }),
    ;

    operator fun contains(address: InetAddress): Boolean = matches(address)

    /** Turns away those whom an IPv6 socket accepts though they come from IPv4: the JDK cannot tell the system not to let them in. */
    @OptIn(TransportApi::class)
    val admission: Admission get() = if (this == Six) OnlyIpv6 else Admission.everyone

    private object OnlyIpv6 : Admission {
        override fun admits(candidate: Candidate): Boolean = (candidate.remote as InetSocketAddress).address in Six

        override fun toString(): String = "IPv6 only"
    }

    /** Throws the [failure] of opening a socket for [endpoint] as what it is, if there are no such sockets here. */
    fun ensureSupported(endpoint: Endpoint, failure: Throwable) {
        // Hooks and options that the system has not got fail in the same way.
        if (protocol == null || failure !is UnsupportedOperationException) return
        try {
            SocketChannel.open(protocol).close()
        } catch (e: UnsupportedOperationException) {
            throw UnsupportedTransport(endpoint, e)
        } catch (_: IOException) {
            // There is something else that is wrong here.
        }
    }

    companion object {
        fun of(protocol: ProtocolFamily?): Family = entries.first { it.protocol == protocol }

        fun of(scheme: String): Family = entries.first { it.scheme == scheme }
    }
}

/**
 * These addresses with the two families in turn, beginning with that of the first one, and otherwise in their order, so that a family
 * that leads nowhere costs one attempt and not all of its addresses' (RFC 8305, section 4).
 */
internal fun List<InetAddress>.interleaved(): List<InetAddress> {
    val (one, other) = partition { (it is Inet4Address) == (first() is Inet4Address) }
    return (0 until maxOf(one.size, other.size)).flatMap { listOfNotNull(one.getOrNull(it), other.getOrNull(it)) }
}
