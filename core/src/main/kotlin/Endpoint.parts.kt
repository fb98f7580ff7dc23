package io.hawser

import io.hawser.engine.literalAddress
import java.net.Inet6Address
import java.net.InetAddress

private const val MAX_PORT = 65_535
private const val LONGEST_NAME = 253

/** `sun_path` of Linux has 108 bytes, and one of them ends a path or begins an abstract name (unix(7)). */
private const val LONGEST_UNIX = 107

private val schemes = Regex("[a-z][a-z0-9+.-]*")

/** What keeps [scheme] from being that of an endpoint that [isLocal], or of one that has a host, or null. */
internal fun faultOfScheme(scheme: String, isLocal: Boolean): String? {
    val known = Scheme.of(scheme)
    return when {
        known == null && !schemes.matches(scheme) -> "scheme \"$scheme\" is none"
        known != null && known.isLocal != isLocal -> "scheme \"$scheme\" is that of ${if (isLocal) "hosts" else "names of this machine"}"
        else -> null
    }
}

internal fun faultOfPort(port: Int): String? = if (port in 0..MAX_PORT) null else "port $port is not in 0..$MAX_PORT"

/** What keeps [host] from being a name, an address or `*`, or null. */
internal fun faultOfHost(host: String): String? = when {
    host == "*" -> null

    host.isEmpty() -> "no host"

    ':' in host -> faultOfIpv6(host)

    host.any { !it.isLetterOrDigit() && it !in "-_." } -> "host \"$host\" is not a host name"

    host.length > LONGEST_NAME -> "host \"$host\" has ${host.length} characters, over the limit of $LONGEST_NAME"

    // The JDK, like the C library, reads numbers of all kinds as addresses: 1 as 0.0.0.1 (RFC 6943, section 3.1.1).
    // And 010 is 8 to some and 10 to others.
    host.all { it in '0'..'9' || it == '.' } && (literalAddress(host) == null || host.split('.').any { it.length > 1 && it[0] == '0' }) ->
        "host \"$host\" is not an IPv4 address"

    else -> null
}

private fun faultOfIpv6(host: String): String? {
    val address = host.substringBefore('%')
    val zone = host.substringAfter('%', missingDelimiterValue = "1")
    return when {
        address.any { it != ':' && it != '.' && it.digitToIntOrNull(16) == null } || literalAddress(address) == null ->
            "host \"$host\" is neither a host name nor an IPv6 address"

        '%' in host && literalAddress(address) !is Inet6Address -> "host \"$host\" is an IPv4 address, which has no zone"

        zone.isEmpty() || zone.any { it.isWhitespace() || it.isISOControl() || it == ']' } ->
            "zone \"$zone\" is not the name or the number of an interface"

        else -> null
    }
}

/** What keeps [name] from being the path or the abstract name of a Unix socket, or null. */
internal fun faultOfUnix(name: String): String? {
    val what = if (name.startsWith('@')) "name" else "path"
    val size = name.removePrefix("@").encodeToByteArray().size
    return when {
        name == "@" -> "no name"
        '\u0000' in name -> "the $what has a NUL in it"
        size > LONGEST_UNIX -> "the $what has $size bytes, over the limit of $LONGEST_UNIX"
        else -> null
    }
}

/** [host] as it is, or in the form of RFC 5952 if it is an IPv6 address. */
internal fun canonicalHost(host: String): String {
    if (':' !in host || faultOfHost(host) != null) return host
    return when (val address = checkNotNull(literalAddress(host.substringBefore('%')))) {
        is Inet6Address -> address.literal() + host.substring(host.substringBefore('%').length)

        // An IPv4 address in IPv6's notation (RFC 4291, section 2.5.5.2).
        else -> "::ffff:${address.hostAddress}"
    }
}

/** Whether [Endpoint.Inet.host] stands for all addresses of a machine, and so for nobody to connect to. */
internal val Endpoint.Inet.isEverywhere: Boolean get() = host == "*" || literalAddress(host)?.isAnyLocalAddress == true

/** As an endpoint names it, without asking a name server. */
internal fun InetAddress.literal(): String = when {
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
