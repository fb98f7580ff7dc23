@file:OptIn(TransportApi::class)

package io.hawser.testkit.memory

import io.hawser.Endpoint
import io.hawser.PeerUnreachable
import io.hawser.testkit.MemoryAddress
import io.hawser.testkit.memory.MemoryStream.Companion.endpoint
import io.hawser.transport.Loop
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.ClosedChannelException
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update

/**
 * A socket of datagrams in memory. It behaves as one of Unix datagrams does: nothing is lost, and who sends waits while the receiver has
 * [QUEUE] datagrams to read.
 */
internal class MemoryDatagrams(
    override val loop: Loop,
    override val local: SocketAddress,
    override val remote: MemoryAddress?,
    private val sockets: ConcurrentHashMap<String, MemoryDatagrams>,
) : RawDatagrams {
    override val endpoint: Endpoint = endpointOf(local)

    /** Guarded by itself, like [isClosed]. */
    private val arrived = ArrayDeque<Pair<SocketAddress, ByteArray>>()
    private var isClosed = false

    private val untilArrival = Waiting("datagrams at $endpoint")
    private val closed = Job()

    override fun endpointOf(address: SocketAddress): Endpoint =
        if (address is MemoryAddress) address.endpoint else Endpoint.Local(MemoryStream.SCHEME, "$address")

    override fun limitTo(target: SocketAddress): Int = LARGEST

    override fun receive(target: ByteBuffer): SocketAddress? {
        val (sender, bytes) = synchronized(arrived) {
            if (isClosed) throw ClosedChannelException()
            arrived.removeFirstOrNull()
        } ?: return null
        changed()
        target.put(bytes, 0, minOf(bytes.size, target.remaining()))
        return sender
    }

    override fun send(source: ByteBuffer, target: SocketAddress): Boolean {
        if (isGone()) throw ClosedChannelException()
        val receiver = receiver(target) ?: throw PeerUnreachable(endpointOf(target))
        // Who has one peer hears nobody else.
        if (receiver.remote != null && receiver.remote != local) return true
        val bytes = ByteArray(source.remaining())
        source.duplicate().get(bytes)
        val taken = receiver.take(local, bytes) ?: throw PeerUnreachable(endpointOf(target))
        if (taken) source.position(source.limit())
        return taken
    }

    override suspend fun awaitReadable() {
        untilArrival.until { synchronized(arrived) { isClosed || arrived.isNotEmpty() } }
        if (isGone()) throw ClosedChannelException()
    }

    override fun wakeReader(): Unit = untilArrival.release()

    override suspend fun awaitSendable(target: SocketAddress, attempts: Int) {
        while (true) {
            val seen = changes.value
            if (isGone()) throw ClosedChannelException()
            if (receiver(target)?.isFull() != true) return
            changes.first { it != seen }
        }
    }

    override fun close() {
        synchronized(arrived) {
            if (isClosed) return
            isClosed = true
            arrived.clear()
        }
        (local as? MemoryAddress)?.let { sockets.remove(it.name, this) }
        changed()
        untilArrival.wake()
        closed.complete()
    }

    override suspend fun awaitClosed(): Unit = closed.join()

    override fun toString(): String = endpoint.toString()

    private fun receiver(target: SocketAddress): MemoryDatagrams? {
        require(target is MemoryAddress) { "not an address in memory: $target" }
        return sockets[target.name]
    }

    /** Whether [bytes] are taken, or null if nobody will. */
    private fun take(sender: SocketAddress, bytes: ByteArray): Boolean? {
        synchronized(arrived) {
            if (isClosed) return null
            if (arrived.size >= QUEUE) return false
            arrived.addLast(sender to bytes)
        }
        untilArrival.wake()
        return true
    }

    private fun isFull(): Boolean = synchronized(arrived) { arrived.size >= QUEUE }

    private fun isGone(): Boolean = synchronized(arrived) { isClosed }

    companion object {
        const val QUEUE = 64

        /** That of UDP over IPv4, so that what is tested in memory fits there. */
        const val LARGEST = 65_507

        /** Changes whenever there may be room somewhere. */
        private val changes = MutableStateFlow(0L)

        fun changed(): Unit = changes.update { it + 1 }
    }
}
