package io.hawser.tcp

import java.net.Inet4Address
import java.net.InetAddress

/**
 * These addresses with the two families in turn, beginning with that of the first one, and otherwise in their order, so that a family
 * that leads nowhere costs one attempt and not all of its addresses' (RFC 8305, section 4).
 */
internal fun List<InetAddress>.interleaved(): List<InetAddress> {
    val (one, other) = partition { (it is Inet4Address) == (first() is Inet4Address) }
    return (0 until maxOf(one.size, other.size)).flatMap { listOfNotNull(one.getOrNull(it), other.getOrNull(it)) }
}
