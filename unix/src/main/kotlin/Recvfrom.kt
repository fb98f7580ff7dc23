package io.hawser.unix

import io.hawser.Attributes
import io.hawser.transport.RawDatagrams.Unnamed
import io.hawser.transport.TransportApi
import java.io.FileDescriptor
import java.io.IOException
import java.net.SocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.file.InvalidPathException
import org.newsclub.net.unix.AFUNIXDatagramChannel
import org.newsclub.net.unix.AFUNIXSocketAddress

/**
 * Receives datagrams together with who sent them, and the files that came with them if [acceptsFiles]. Not for several threads at once.
 *
 * By [Junixsocket.receive], because the channel itself takes an empty datagram for none, and makes of an abstract sender an object that can
 * be serialized, which takes it some 25 us; it serves where that cannot be got at.
 */
@TransportApi
internal class Recvfrom(
    private val channel: AFUNIXDatagramChannel,
    private val acceptsFiles: Boolean = false,
    private val isDirect: Boolean = Junixsocket.receive != null,
) : AutoCloseable {
    private var copy: Copy? = null

    /** A `struct sockaddr_un`, and room to spare. */
    private val name = ByteBuffer.allocateDirect(NAME_ROOM)

    /** The files of the datagram that came last. */
    var attributes: Attributes = Attributes.none
        private set

    /**
     * Moves one datagram into [target], which is a direct buffer, as much of it as there is room for, and returns who sent it, [Unnamed] if
     * that has no name that can be answered; null when there is none.
     */
    fun receive(target: ByteBuffer): SocketAddress? {
        val copy = copy ?: Copy().also { copy = it }
        return try {
            val sender = if (isDirect) directly(copy, target) else byChannel(copy, target)
            if (acceptsFiles && sender != null) attributes = copy.files()
            sender
        } catch (e: IOException) {
            if (acceptsFiles) copy.closeLeftFiles()
            close()
            throw e
        }
    }

    override fun close() {
        copy?.close()
        copy = null
    }

    private fun directly(copy: Copy, target: ByteBuffer): SocketAddress? {
        val position = target.position()
        if (acceptsFiles) copy.expectFiles()
        val call = checkNotNull(Junixsocket.receive)
        val count = call.invoke(copy.descriptor, target, position, target.remaining(), name, NON_BLOCKING, copy.ancillary) as Int
        if (count == NOTHING) return null
        if (count > 0) target.position(position + count)
        return sender()
    }

    private fun byChannel(copy: Copy, target: ByteBuffer): SocketAddress? {
        val before = target.position()
        val sender: AFUNIXSocketAddress? = copy.channel.receive(target)
        if (sender == null && target.position() == before) return null
        return sender.plain().takeIf { it != unnamed } ?: Unnamed
    }

    /** How long it is nobody tells: an abstract name ends with its last byte that is no NUL. */
    private fun sender(): SocketAddress {
        var end = NAME_END
        while (end > NAME_START && name[end - 1] == NUL) end--
        return when {
            end == NAME_START -> Unnamed
            name[NAME_START] == NUL -> AbstractAddress(bytes(NAME_START + 1, end))
            else -> path(bytes(NAME_START, end))
        }
    }

    /** Of a path that Java cannot write as it is, the socket may be there, but whom we would answer is another one. */
    private fun path(bytes: ByteArray): SocketAddress = try {
        UnixDomainSocketAddress.of(bytes.decodeToString(throwOnInvalidSequence = true)).nameable().takeIf { it != unnamed } ?: Unnamed
    } catch (_: CharacterCodingException) {
        Unnamed
    } catch (_: InvalidPathException) {
        Unnamed
    }

    private fun bytes(from: Int, until: Int) = ByteArray(until - from).also { name.get(from, it) }

    /** What is received from, and made anew when it has met with somebody who has gone. */
    private inner class Copy : AutoCloseable {
        private val duplicate = Duplicate(this@Recvfrom.channel)
        val channel: AFUNIXDatagramChannel get() = duplicate.channel
        val descriptor: FileDescriptor get() = duplicate.descriptor
        val ancillary: Any? = Junixsocket.ancillaryOf(duplicate.channel)

        init {
            if (acceptsFiles) Junixsocket.makeRoomForFiles(duplicate.channel)
        }

        fun expectFiles(): Unit = Junixsocket.expectFiles(checkNotNull(ancillary))

        fun files(): Attributes {
            // They have been fetched: none are left, whatever happens now.
            expectFiles()
            val files = OpenFile.of(channel.receivedFileDescriptors)
            return if (files.isEmpty()) Attributes.none else Attributes.none.with(ReceivedFiles.attribute, ReceivedFiles(files))
        }

        fun closeLeftFiles(): Unit = Junixsocket.closeLeftFiles(checkNotNull(ancillary))

        override fun close(): Unit = duplicate.close()
    }

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
