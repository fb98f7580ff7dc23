package io.hawser.transport

import io.hawser.Admission
import io.hawser.Candidate
import io.hawser.Endpoint
import io.hawser.SocketOptions
import io.hawser.UnsupportedTransport
import java.io.IOException
import java.net.Inet4Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ProtocolFamily
import java.net.StandardProtocolFamily.INET
import java.net.StandardProtocolFamily.INET6
import java.nio.channels.SocketChannel

/** Which internet addresses a transport is to use: all of `tcp`, those of `tcp4` or those of `tcp6`. */
@TransportApi
public enum class InternetFamily(
    private val suffix: String,
    /** What it has, in words: "IPv4 address". */
    public val addresses: String,
    /** What sockets are asked for; null for those of both. */
    public val protocol: ProtocolFamily?,
    /** The address that stands for all of a machine. */
    public val any: InetAddress,
    private val matches: (InetAddress) -> Boolean,
) {
    /** IPv4 and IPv6. */
    Both("", "address", null, InetSocketAddress(0).address, { true }),

    /** IPv4 only. */
    Four("4", "IPv4 address", INET, InetAddress.getByAddress(ByteArray(4)), { it is Inet4Address }),

    /** IPv6 only. */
    Six("6", "IPv6 address", INET6, InetAddress.getByAddress(ByteArray(16)), { it !is Inet4Address }),
    ;

    /** Of [transport], which is `tcp` for example. */
    public fun scheme(transport: String): String = transport + suffix

    /** Whether it has [address]. */
    public operator fun contains(address: InetAddress): Boolean = matches(address)

    /** Turns away those whom an IPv6 socket accepts though they come from IPv4: the JDK cannot tell the system not to let them in. */
    public val admission: Admission get() = if (this == Six) OnlyIpv6 else Admission.everyone

    private object OnlyIpv6 : Admission {
        override fun admits(candidate: Candidate): Boolean = (candidate.remote as InetSocketAddress).address in Six

        override fun toString(): String = "IPv6 only"
    }

    /** Throws the [failure] of opening a socket for [endpoint] as what it is, if there are no such sockets here. */
    public fun ensureSupported(endpoint: Endpoint, failure: Throwable) {
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

    public companion object {
        /** What [SocketOptions.family] says. */
        @JvmStatic
        public fun of(protocol: ProtocolFamily?): InternetFamily = entries.first { it.protocol == protocol }

        /** That of [scheme], which is `tcp4` for example. */
        @JvmStatic
        public fun of(scheme: String): InternetFamily = entries.last { scheme.endsWith(it.suffix) }
    }
}

/** The endpoint of [transport] on [host], whose IPv6 address may come in the brackets it has in an endpoint, and [port]. */
@TransportApi
public fun SocketOptions.endpoint(transport: String, host: String, port: Int): Endpoint.Inet {
    val inner = host.removeSurrounding("[", "]")
    return Endpoint.Inet(InternetFamily.of(family).scheme(transport), if (':' in inner) inner else host, port)
}

/**
 * [endpoint] in the family that these options ask for, where it leaves that open.
 *
 * @throws IllegalArgumentException if it is none of [transport], or is of another family.
 */
@TransportApi
public fun SocketOptions.endpointOf(transport: String, endpoint: Endpoint): Endpoint.Inet {
    require(endpoint is Endpoint.Inet && endpoint.scheme in InternetFamily.entries.map { it.scheme(transport) }) {
        "not an endpoint of ${transport.uppercase()}: $endpoint"
    }
    val wanted = family ?: return endpoint
    val scheme = InternetFamily.of(wanted).scheme(transport)
    require(endpoint.scheme == transport || endpoint.scheme == scheme) {
        "the option socket.family, ${wanted.name()}, contradicts the endpoint $endpoint"
    }
    return Endpoint.Inet(scheme, endpoint.host, endpoint.port)
}
