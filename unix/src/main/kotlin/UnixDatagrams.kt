package io.hawser.unix

import io.hawser.Attributes
import io.hawser.DatagramTooLarge
import io.hawser.Endpoint
import io.hawser.PeerUnreachable
import io.hawser.engine.EventLoop
import io.hawser.engine.Watched
import io.hawser.transport.RawDatagrams.Unnamed
import io.hawser.transport.TransportApi
import java.io.FileDescriptor
import java.io.IOException
import java.net.DatagramPacket
import java.net.SocketAddress
import java.net.StandardSocketOptions.SO_SNDBUF
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.delay
import org.newsclub.net.unix.AFUNIXDatagramChannel
import org.newsclub.net.unix.AFUNIXSocketAddress
import org.newsclub.net.unix.BrokenPipeSocketException
import org.newsclub.net.unix.ConnectionRefusedSocketException
import org.newsclub.net.unix.ConnectionResetSocketException
import org.newsclub.net.unix.NotConnectedSocketException

/**
 * A socket of Unix datagrams over junixsocket, bound or without a name, with one peer or none.
 *
 * What is sent and received goes through copies of the descriptor: junixsocket closes one that leads to nobody. The copy is made anew with
 * the next datagram, and a peer that has been started again is found by its name.
 */
@TransportApi
internal class UnixDatagrams(
    override val loop: EventLoop,
    private val channel: AFUNIXDatagramChannel,
    override val local: SocketAddress,
    override val remote: SocketAddress?,
) : LocalDatagrams {
    override val endpoint: Endpoint = endpointOf(local)
    private val acceptsFiles = channel.ancillaryReceiveBufferSize > 0

    /** What the kernel keeps of the send buffer for itself (Linux, unix_dgram_sendmsg). */
    private val limit = channel.getOption(SO_SNDBUF) - KERNEL_SHARE
    private val watched = Watched(loop, channel)

    /** Held by what uses the descriptor for input, and with [output] by what closes: nobody may close it meanwhile. */
    private val input = ReentrantLock()
    private val recvfrom = Recvfrom(channel, acceptsFiles)

    /** Held by what uses the descriptor for output. */
    private val output = ReentrantLock()

    /** Guarded by [output]. */
    private var sender: Duplicate? = null

    /** What the peer was bound to, which is not where it is found if it is one of our servers at a path: only it is heard. */
    @Volatile
    private var peerName: SocketAddress? = null

    /** How junixsocket calls those that were sent to last: it takes its time to. Guarded by [output]. */
    private val foreignNames = object : LinkedHashMap<SocketAddress, AFUNIXSocketAddress>(16, 0.75f, true) {
        override fun removeEldestEntry(eldest: Map.Entry<SocketAddress, AFUNIXSocketAddress>): Boolean = size > NAMES
    }

    @Volatile
    private var isClosed = false

    /** Guarded by [input]. */
    override val attributes: Attributes get() = recvfrom.attributes

    override fun connect() = output.withLock {
        ensureOpen()
        sender = open()
    }

    override fun endpointOf(address: SocketAddress): Endpoint = Endpoint.of(UnixDatagram.SCHEME, address.nameable())

    override fun limitTo(target: SocketAddress): Int = limit

    override fun receive(target: ByteBuffer): SocketAddress? = input.withLock {
        ensureOpen()
        try {
            receiveFromPeer(target)
        } catch (e: IOException) {
            throw typed(e, size = 0, remote ?: local)
        }
    }

    override fun send(source: ByteBuffer, target: SocketAddress): Boolean = send(source, target, noFiles)

    override fun send(source: ByteBuffer, target: SocketAddress, files: Array<FileDescriptor>): Boolean = output.withLock {
        require(remote == null || target == remote) { "$this sends to $remote only, and not to $target" }
        val size = source.remaining()
        try {
            try {
                sendOnce(source, target, files)
            } catch (_: IOException) {
                ensureOpen()
                // Somebody else may have the name by now.
                source.position(source.limit() - size)
                discardSender()
                sendOnce(source, target, files)
            }
        } catch (e: IOException) {
            ensureOpen()
            discardSender()
            throw typed(e, size, target)
        }
    }

    override suspend fun awaitReadable(): Unit = watched.awaitReadable()

    override fun wakeReader(): Unit = watched.wakeReader()

    override suspend fun awaitSendable(target: SocketAddress, attempts: Int) {
        if (remote != null) return watched.awaitWritable()
        // The kernel says of a socket without a peer that it can always send.
        delay(minOf(SHORTEST_PAUSE * attempts, LONGEST_PAUSE))
    }

    override fun close() {
        input.withLock {
            output.withLock {
                isClosed = true
                recvfrom.close()
                discardSender()
                watched.close(local.takeIf { it !== Unnamed })
            }
        }
    }

    override suspend fun awaitClosed(): Unit = watched.awaitClosed()

    override fun toString(): String = endpoint.toString()

    private fun receiveFromPeer(target: ByteBuffer): SocketAddress? {
        while (true) {
            val start = target.position()
            val sender = recvfrom.receive(target) ?: return null
            if (remote == null) return sender
            if (sender == peerName) return remote
            // Who found us before we had a peer, or while that was gone.
            target.position(start)
            attributes[ReceivedFiles.attribute]?.close()
        }
    }

    private fun sendOnce(source: ByteBuffer, target: SocketAddress, files: Array<FileDescriptor>): Boolean {
        ensureOpen()
        val sender = (sender ?: open().also { sender = it }).channel
        val to = foreign(target)
        // Before each attempt: one that fails forgets them.
        if (files.isNotEmpty()) Junixsocket.handOver(files, sender)
        return when {
            !source.hasRemaining() -> sender.sendEmpty(to)
            remote != null -> sender.write(source) > 0
            else -> sender.send(source, to) > 0
        }
    }

    /** The channel's own verbs make no system call for it. Whether there was room cannot be told: where there was none it is lost. */
    private fun AFUNIXDatagramChannel.sendEmpty(target: AFUNIXSocketAddress): Boolean {
        val empty = DatagramPacket(ByteArray(0), 0)
        if (remote == null) empty.address = target.wrapAddress()
        socket().send(empty)
        return true
    }

    private fun foreign(address: SocketAddress): AFUNIXSocketAddress = foreignNames.getOrPut(address, address::foreign)

    private fun ensureOpen() {
        if (isClosed) throw ClosedChannelException()
    }

    private fun open(): Duplicate {
        val opened = Duplicate(channel)
        try {
            if (remote != null) {
                opened.channel.connect(foreign(remote))
                peerName = opened.channel.remoteAddress.plain()
            }
            return opened
        } catch (e: Throwable) {
            opened.close()
            throw e
        }
    }

    private fun discardSender() {
        sender?.close()
        sender = null
    }

    private fun typed(e: IOException, size: Int, target: SocketAddress): IOException {
        val text = e.message.orEmpty().lowercase()
        val to = endpointOf(target)
        return when {
            "message too long" in text -> DatagramTooLarge(to, size, minOf(limit, size - 1), e)

            e is ConnectionRefusedSocketException || e is ConnectionResetSocketException || e is NotConnectedSocketException ||
                nobodyThere.any { it in text } -> PeerUnreachable(to, e)

            // The peer takes no more: not ours, which is open.
            e is ClosedChannelException || e is BrokenPipeSocketException -> PeerUnreachable(to, e)

            else -> e
        }
    }

    private companion object {
        const val KERNEL_SHARE = 32
        const val NAMES = 256
        val noFiles = emptyArray<FileDescriptor>()
        val SHORTEST_PAUSE = 1.milliseconds
        val LONGEST_PAUSE = 50.milliseconds

        /** ECONNREFUSED, ENOTCONN, ENOENT, ECONNRESET, ENOTDIR in the words of the C library. */
        val nobodyThere = listOf("refused", "not connected", "no such file", "reset", "not a directory")
    }
}

/** This address as junixsocket calls it. */
internal fun SocketAddress.foreign(): AFUNIXSocketAddress = when (this) {
    is AbstractAddress -> foreign()
    is UnixDomainSocketAddress -> AFUNIXSocketAddress.of(path)
    else -> throw IllegalArgumentException("not an address of a Unix socket: $this")
}
