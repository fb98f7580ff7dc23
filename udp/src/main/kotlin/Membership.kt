@file:OptIn(TransportApi::class)

package io.hawser.udp

import io.hawser.DatagramSocket
import io.hawser.RunningDatagramServer
import io.hawser.engine.SelectableDatagrams
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.net.InetAddress
import java.net.NetworkInterface
import java.nio.channels.MembershipKey

/**
 * Membership of a group of multicast (RFC 1112, RFC 4604): the socket gets what is sent to the group and to its own port. [close] leaves
 * the group; so does closing the socket.
 */
public class Membership internal constructor(private val key: MembershipKey) : AutoCloseable {
    /** The address of the group, which stays after it has been left. */
    public val group: InetAddress get() = key.group()

    /** Where what is sent to the group is expected. */
    public val networkInterface: NetworkInterface get() = key.networkInterface()

    /** The only one who is listened to, or null for everybody. */
    public val source: InetAddress? get() = key.sourceAddress()

    /** False once the group has been left, or the socket closed. */
    public val isValid: Boolean get() = key.isValid

    /** Leaves the group. Idempotent. */
    override fun close(): Unit = key.drop()

    override fun toString(): String = "member of ${group.hostAddress} on ${networkInterface.name}" +
        (source?.let { ", from ${it.hostAddress} only" } ?: "")
}

/**
 * Has this socket be a member of [group] on [networkInterface]; if [source] is given, of what that one sends only. Returns at once.
 *
 * @throws IllegalArgumentException if [group] is no multicast address, or of an IP version that the socket is not of.
 * @throws IllegalStateException if it is a member already, in another way.
 * @throws java.io.IOException what the system says.
 */
@JvmOverloads
public fun DatagramSocket.join(group: InetAddress, networkInterface: NetworkInterface, source: InetAddress? = null): Membership =
    transport.join(group, networkInterface, source)

/** Has this server be a member of [group] on [networkInterface], as a socket can be. */
@JvmOverloads
public fun RunningDatagramServer.join(group: InetAddress, networkInterface: NetworkInterface, source: InetAddress? = null): Membership =
    transport.join(group, networkInterface, source)

private fun RawDatagrams.join(group: InetAddress, networkInterface: NetworkInterface, source: InetAddress?): Membership {
    val channel = requireNotNull(this as? SelectableDatagrams) { "$endpoint is no socket of UDP and can be in no group" }.channel
    return Membership(if (source == null) channel.join(group, networkInterface) else channel.join(group, networkInterface, source))
}
