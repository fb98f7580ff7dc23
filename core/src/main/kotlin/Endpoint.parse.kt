package io.hawser

private val beginning = Regex("([A-Za-z][A-Za-z0-9+.-]*):(//)?")

/** See [Endpoint.parse]. */
internal fun parseEndpoint(text: String): Endpoint {
    if (text.startsWith('/') || text.startsWith('@')) return local(Scheme.UNIX, text, text)
    val match = beginning.matchAt(text, 0)
    val name = match?.groupValues?.get(1)?.lowercase()
    val rest = text.substring(match?.range?.let { it.last + 1 } ?: 0)
    val slashes = match?.groupValues?.get(2)?.isNotEmpty() == true
    val scheme = name?.let(Scheme::of)
    return when {
        scheme != null && scheme.isLocal -> local(scheme, if (slashes) pathBehindAuthority(scheme, rest, text) else rest, text)
        scheme != null && slashes -> inet(scheme, rest, text)
        slashes -> refuse("unknown scheme \"$name\" (known: ${Scheme.all.joinToString()})", text)
        text.endsWith(".sock") -> local(Scheme.UNIX, text, text)
        scheme != null && ':' in rest -> refuse("\"$name:\" is not followed by //", text)
        else -> inet(Scheme.TCP, text, text)
    }
}

/** What stands behind `//` and an authority (RFC 3986, section 3.2), which has to be empty: a file is on this machine. */
private fun pathBehindAuthority(scheme: Scheme, rest: String, text: String): String {
    val host = rest.substringBefore('/')
    if (host.isNotEmpty()) refuse("a $scheme endpoint has no host, and this one has \"$host\"", text)
    return rest
}

private fun local(scheme: Scheme, name: String, text: String): Endpoint {
    if (name.isEmpty()) refuse(if (scheme.isUnix) "no path" else "no name", text)
    if (scheme.isUnix) faultOfUnix(name)?.let { refuse(it, text) }
    return Endpoint.Local("$scheme", name)
}

private fun inet(scheme: Scheme, address: String, text: String): Endpoint {
    val colon = address.lastIndexOf(':')
    if (colon < 0 || address.endsWith(']')) refuse("no port", text)
    val port = address.substring(colon + 1)
    if (port.isEmpty() || port.any { it !in '0'..'9' }) refuse("port \"$port\" is not a number", text)
    val number = port.toIntOrNull() ?: Int.MAX_VALUE
    if (faultOfPort(number) != null) refuse("port $port is not in 0..65535", text)
    val host = address.substring(0, colon)
    val bare = when {
        host.isEmpty() -> "*"

        host.startsWith('[') && host.endsWith(']') -> host.substring(1, host.length - 1).also {
            if (':' !in it) refuse("host \"$host\" is not an IPv6 address", text)
        }

        ':' in host -> refuse("host \"$host\" is not a name, and an IPv6 address stands in brackets", text)

        else -> host
    }
    faultOfHost(bare)?.let { refuse(it, text) }
    return Endpoint.Inet("$scheme", bare, number)
}
