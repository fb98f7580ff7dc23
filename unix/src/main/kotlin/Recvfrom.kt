package io.hawser.unix

import io.hawser.transport.RawDatagrams.Unnamed
import io.hawser.transport.TransportApi
import java.io.FileDescriptor
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import org.newsclub.net.unix.AFUNIXDatagramChannel
import org.newsclub.net.unix.AFUNIXSocketAddress

/**
 * Receives datagrams together with who sent them. Not for several threads at once.
 *
 * By [Junixsocket.receive], because the channel itself takes an empty datagram for none, and makes of an abstract sender an object that can
 * be serialized, which takes it some 25 us; it serves where that cannot be got at.
 */
@TransportApi
internal class Recvfrom(
    private val channel: AFUNIXDatagramChannel,
    private val isDirect: Boolean = Junixsocket.receive != null,
) {
    private val descriptor: FileDescriptor = channel.fileDescriptor
    private val ancillary: Any? = Junixsocket.ancillaryOf(channel)

    /** A `struct sockaddr_un`, and room to spare. */
    private val name = ByteBuffer.allocateDirect(NAME_ROOM)

    /**
     * Moves one datagram into [target], which is a direct buffer, as much of it as there is room for, and returns who sent it, [Unnamed]
     * if that has no name; null when there is none.
     */
    fun receive(target: ByteBuffer): SocketAddress? {
        if (!isDirect) return byChannel(target)
        val position = target.position()
        val call = checkNotNull(Junixsocket.receive)
        val count = call.invoke(descriptor, target, position, target.remaining(), name, NON_BLOCKING, ancillary) as Int
        if (count == NOTHING) return null
        if (count > 0) target.position(position + count)
        return sender() ?: Unnamed
    }

    private fun byChannel(target: ByteBuffer): SocketAddress? {
        val before = target.position()
        val sender: AFUNIXSocketAddress? = channel.receive(target)
        if (sender == null && target.position() == before) return null
        return sender.plain().takeIf { it != unnamed } ?: Unnamed
    }

    /** How long it is nobody tells: an abstract name ends with its last byte that is no NUL. */
    private fun sender(): SocketAddress? {
        var end = NAME_END
        while (end > NAME_START && name[end - 1] == NUL) end--
        return when {
            end == NAME_START -> null
            name[NAME_START] == NUL -> AbstractAddress(bytes(NAME_START + 1, end))
            else -> UnixDomainSocketAddress.of(bytes(NAME_START, end).decodeToString())
        }
    }

    private fun bytes(from: Int, until: Int) = ByteArray(until - from).also { name.get(from, it) }

    private companion object {
        const val NAME_ROOM = 128

        /** Where `sun_path` is: behind the family, which shares its two bytes with a length on some systems. */
        const val NAME_START = 2
        const val NAME_END = NAME_START + 108
        const val NUL: Byte = 0
        const val NOTHING = 0
        const val NON_BLOCKING = 4
    }
}
