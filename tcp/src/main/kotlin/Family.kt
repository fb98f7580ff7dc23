package io.hawser.tcp

import io.hawser.Admission
import io.hawser.Candidate
import io.hawser.SocketOptions
import io.hawser.transport.TransportApi
import java.net.Inet4Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6

/** Which internet addresses are meant. */
internal enum class Family(val scheme: String, val addresses: String, val any: InetAddress, private val matches: (InetAddress) -> Boolean) {
    Both("tcp", "address", InetSocketAddress(0).address, { true }),
    Four("tcp4", "IPv4 address", InetAddress.getByAddress(ByteArray(4)), { it is Inet4Address }),
    Six("tcp6", "IPv6 address", InetAddress.getByAddress(ByteArray(16)), { it !is Inet4Address }),
    ;

    operator fun contains(address: InetAddress): Boolean = matches(address)

    /** Turns away those whom an IPv6 socket accepts though they come from IPv4: the JDK cannot tell the system not to let them in. */
    @OptIn(TransportApi::class)
    val admission: Admission get() = if (this == Six) OnlyIpv6 else Admission.everyone

    private object OnlyIpv6 : Admission {
        override fun admits(candidate: Candidate): Boolean = (candidate.remote as InetSocketAddress).address in Six

        override fun toString(): String = "IPv6 only"
    }

    companion object {
        fun of(options: SocketOptions): Family = when (options.family) {
            INET -> Four
            INET6 -> Six
            else -> Both
        }
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
