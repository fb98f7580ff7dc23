package io.hawser.engine

import io.hawser.transport.TransportApi
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.util.concurrent.ConcurrentHashMap

/**
 * The listeners of this process that have been told to close and whose address is not free yet: a listener goes on listening until its
 * loop has next selected.
 */
@OptIn(TransportApi::class)
internal object ClosingListeners {
    private val closing = ConcurrentHashMap.newKeySet<SelectableListener>()

    fun add(listener: SelectableListener) {
        closing.add(listener)
    }

    fun remove(listener: SelectableListener) {
        closing.remove(listener)
    }

    /** Those that may be in the way of a bind to [address]. */
    fun at(address: SocketAddress): List<SelectableListener> = closing.filter { overlap(it.address, address) }

    /** All addresses of one family take those of the other with them, unless a socket was asked for one family only. */
    private fun overlap(one: SocketAddress, other: SocketAddress): Boolean {
        if (one !is InetSocketAddress || other !is InetSocketAddress || one.port != other.port) return false
        return one.address.isAnyLocalAddress || other.address.isAnyLocalAddress || one.address == other.address
    }
}
