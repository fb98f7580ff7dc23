package io.hawser.engine

import io.hawser.transport.TransportApi
import java.net.InetAddress
import java.net.UnknownHostException

/**
 * What the JDK reads as an address, or refuses as one, without asking anybody: an IPv4 address in full, and what has a colon and begins as
 * an IPv6 address does. Of anything else that has a colon, `host:80` for one, it asks the name server.
 */
private val literal = run {
    val octet = "(25[0-5]|2[0-4]\\d|1?\\d?\\d)"
    Regex("($octet\\.){3}$octet|[0-9a-fA-F:\\[].*:.*|:.*")
}

/**
 * A name whose server is silent holds a thread for as long as the C library is patient, which is tens of seconds: so there are enough
 * threads for a number of such names beside those that can be looked up, and no more of them than there is work for.
 */
private val names = LookUps("hawser-resolver", threads = 16, queue = 1024) { InetAddress.getAllByName(it).toList() }

/**
 * The addresses of [host], in the system's order; a name is looked up on a thread of its own, because the JDK blocks meanwhile. Whoever
 * asks for the same name meanwhile waits for the same look-up.
 *
 * Cancelling returns at once. A look-up that has begun ends by itself; one that nobody waits for any more does not begin.
 *
 * @throws java.net.UnknownHostException also when too many look-ups wait already.
 */
@TransportApi
public suspend fun resolve(host: String): List<InetAddress> =
    if (literal.matches(host)) InetAddress.getAllByName(host).toList() else names.addresses(host)

/** The address that [text] is the literal of, or null; asks no name server. */
internal fun literalAddress(text: String): InetAddress? = try {
    if (literal.matches(text)) InetAddress.getByName(text) else null
} catch (_: UnknownHostException) {
    null
}
