package io.hawser.server

import java.net.Inet6Address
import java.net.InetAddress

/** Who counts as one for the limits of a host: an IPv4 address, or the /64 of an IPv6 one, of which a host has as many as it likes. */
internal val InetAddress.network: InetAddress
    get() = if (this is Inet6Address) InetAddress.getByAddress(address.also { it.fill(0, PREFIX_BYTES) }) else this

private const val PREFIX_BYTES = 8
