package io.hawser

import java.net.InetSocketAddress
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.file.Path

/**
 * Names where a socket is: a transport's scheme and an address in it. A value; [toString] is the canonical form, and [parse] reads it back,
 * if the scheme is one that it knows and the name is not empty.
 *
 * `core/ENDPOINTS.md` shows what is understood, and what is refused with which words.
 */
public sealed class Endpoint {
    /** The transport: `tcp`, `unix`, ... */
    public abstract val scheme: String

    /** Whether its transport carries datagrams and no streams: `udp`, `udp4`, `udp6`, `unixgram`. */
    public val isDatagram: Boolean get() = Scheme.of(scheme)?.hasStreams == false

    /**
     * A host and a [port], 0 to 65535, of an internet transport.
     *
     * @throws IllegalArgumentException for a scheme, a host or a port that is none.
     */
    public class Inet(override val scheme: String, host: String, public val port: Int) : Endpoint() {
        /**
         * A name, an IPv4 address, an IPv6 address without its brackets in the form of RFC 5952, with its zone if it has one, or `*` for
         * all addresses of a server.
         */
        public val host: String = canonicalHost(host)

        init {
            (faultOfScheme(scheme, isLocal = false) ?: faultOfHost(host) ?: faultOfPort(port))?.let { refuse(it, toString()) }
        }

        override fun equals(other: Any?): Boolean =
            other is Inet && scheme == other.scheme && host == other.host && port == other.port

        override fun hashCode(): Int = (scheme.hashCode() * 31 + host.hashCode()) * 31 + port

        override fun toString(): String = if (':' in host) "$scheme://[$host]:$port" else "$scheme://$host:$port"
    }

    /**
     * A [name] on this machine: a socket's file, `@` and an abstract name of Linux, the name of a server in memory. A Unix socket that has
     * no name, as most clients', has an empty one.
     *
     * @throws IllegalArgumentException for a scheme that is none, or a name that no Unix socket can have.
     */
    public class Local(override val scheme: String, public val name: String) : Endpoint() {
        init {
            (faultOfScheme(scheme, isLocal = true) ?: if (Scheme.of(scheme)?.isUnix == true) faultOfUnix(name) else null)?.let {
                refuse(it, toString())
            }
        }

        override fun equals(other: Any?): Boolean = other is Local && scheme == other.scheme && name == other.name

        override fun hashCode(): Int = scheme.hashCode() * 31 + name.hashCode()

        // Two slashes would begin a host.
        override fun toString(): String = if (name.startsWith("//")) "$scheme://$name" else "$scheme:$name"
    }

    public companion object {
        /**
         * Reads an endpoint, asking no name server: `host:port`, `tcp://host:port`, `unix:/path`, and so on.
         *
         * | text | is |
         * |---|---|
         * | `tcp://`, `tcp4://`, `tcp6://`, `udp://`, `udp4://`, `udp6://`, `tls://` and `host:port` | of an internet transport |
         * | `unix:` or `unixgram:` and `/path`, `///path`, `relative/path` or `@name` | a Unix socket |
         * | `memory:name` | a server of this process, for tests |
         * | `@name` alone, what starts with `/`, what ends with `.sock` | a Unix stream socket |
         * | anything else | `host:port`, of TCP |
         *
         * An IPv6 address stands in brackets. For a server the port may be 0, any that is free, and the host `*` or empty, all addresses.
         * A path or an abstract name has at most 107 bytes.
         *
         * @throws IllegalArgumentException naming the part that is wrong, with [text] quoted.
         */
        @JvmStatic
        public fun parse(text: String): Endpoint = parseEndpoint(text)

        /**
         * Names [address] as [scheme] does, without asking a name server.
         *
         * @throws IllegalArgumentException if an address that is not resolved has a name that is none.
         */
        @JvmStatic
        public fun of(scheme: String, address: SocketAddress): Endpoint = when (address) {
            is InetSocketAddress -> Inet(scheme, address.address?.literal() ?: address.hostString, address.port)
            is UnixDomainSocketAddress -> Local(scheme, pathName(address.path))
            else -> Local(scheme, address.toString())
        }
    }
}

/** The same place with the scheme of [other], if that is a place of the same kind. */
internal fun Endpoint.inTermsOf(other: Endpoint): Endpoint = when {
    scheme == other.scheme -> this
    this is Endpoint.Inet && other is Endpoint.Inet -> Endpoint.Inet(other.scheme, host, port)
    this is Endpoint.Local && other is Endpoint.Local -> Endpoint.Local(other.scheme, name)
    else -> this
}

/** What begins with `@` would be read as an abstract name. */
private fun pathName(path: Path): String = "$path".let { if (it.startsWith('@')) "./$it" else it }

/** @throws IllegalArgumentException saying [why], with [text] quoted. */
internal fun refuse(why: String, text: String): Nothing = throw IllegalArgumentException("$why: \"$text\"")
