package io.hawser

import java.net.Inet6Address
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.SocketAddress

/**
 * Names where a socket is: a transport's scheme and an address in it. [toString] is the canonical form, and [parse] reads it back.
 */
public sealed class Endpoint {
    /** The transport: `tcp`, `memory`, ... */
    public abstract val scheme: String

    /**
     * A host and a port of an internet transport.
     *
     * [host] is a name, an IPv4 address, an IPv6 address without its brackets, or `*` for all addresses of a server.
     */
    public class Inet(override val scheme: String, public val host: String, public val port: Int) : Endpoint() {
        init {
            require(host.isNotEmpty()) { "no host in $scheme://:$port" }
            require(port in 0..MAX_PORT) { "port $port of $scheme://$host is not in 0..$MAX_PORT" }
        }

        override fun equals(other: Any?): Boolean =
            other is Inet && scheme == other.scheme && host == other.host && port == other.port

        override fun hashCode(): Int = (scheme.hashCode() * 31 + host.hashCode()) * 31 + port

        override fun toString(): String = if (':' in host) "$scheme://[$host]:$port" else "$scheme://$host:$port"
    }

    /** A name on this machine: an in-memory server, a socket file. */
    public class Local(override val scheme: String, public val name: String) : Endpoint() {
        override fun equals(other: Any?): Boolean = other is Local && scheme == other.scheme && name == other.name

        override fun hashCode(): Int = scheme.hashCode() * 31 + name.hashCode()

        override fun toString(): String = "$scheme:$name"
    }

    public companion object {
        private const val MAX_PORT = 65_535
        private val schemes = listOf("tcp", "tcp4", "tcp6")

        /**
         * Reads `host:port` and `tcp://host:port`. An IPv6 address stands in brackets; an empty host is `*`, all addresses.
         *
         * @throws IllegalArgumentException naming the part that is wrong, with [text] quoted.
         */
        @JvmStatic
        public fun parse(text: String): Endpoint {
            fun refuse(why: String): Nothing = throw IllegalArgumentException("$why: \"$text\"")

            val mark = text.indexOf("://")
            val scheme = if (mark < 0) "tcp" else text.substring(0, mark).lowercase()
            if (scheme !in schemes) refuse("unknown scheme \"$scheme\" (known: ${schemes.joinToString()})")
            val address = if (mark < 0) text else text.substring(mark + 3)
            val colon = address.lastIndexOf(':')
            if (colon < 0 || address.endsWith(']')) refuse("no port")
            val port = address.substring(colon + 1)
            val number = port.takeIf { it.isNotEmpty() && it.all(Char::isAsciiDigit) }?.toIntOrNull()
                ?: refuse("port \"$port\" is not a number")
            if (number > MAX_PORT) refuse("port $number is not in 0..$MAX_PORT")
            val host = address.substring(0, colon)
            val bare = when {
                host.isEmpty() -> "*"

                host.startsWith('[') && host.endsWith(']') -> {
                    val inner = host.substring(1, host.length - 1)
                    if (':' !in inner) refuse("[$inner] is not an IPv6 address")
                    inner
                }

                ':' in host -> refuse("an IPv6 address stands in brackets")

                else -> host
            }
            if (bare.any { it.isWhitespace() || it.isISOControl() || it in "/[]@" }) refuse("host \"$bare\" is not a host name")
            return Inet(scheme, bare, number)
        }

        /** Names [address] as [scheme] does, without asking a name server. */
        @JvmStatic
        public fun of(scheme: String, address: SocketAddress): Endpoint = when (address) {
            is InetSocketAddress -> Inet(scheme, address.address?.literal() ?: address.hostString, address.port)
            else -> Local(scheme, address.toString())
        }

        private fun InetAddress.literal(): String = when {
            isAnyLocalAddress -> "*"
            this is Inet6Address -> literal()
            else -> hostAddress
        }

        /** RFC 5952: the longest run of zeros, of at least two, is left out; the zone stays. */
        private fun Inet6Address.literal(): String {
            val groups = hostAddress.substringBefore('%').split(':')
            val runs = groups.indices.map { from -> groups.drop(from).takeWhile { it == "0" }.size }
            val length = runs.max()
            val zone = hostAddress.substringAfter('%', missingDelimiterValue = "").let { if (it.isEmpty()) it else "%$it" }
            if (length < 2) return groups.joinToString(":") + zone
            val start = runs.indexOf(length)
            return groups.take(start).joinToString(":") + "::" + groups.drop(start + length).joinToString(":") + zone
        }
    }
}

private fun Char.isAsciiDigit(): Boolean = this in '0'..'9'
