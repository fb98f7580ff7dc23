package io.hawser.engine

import io.hawser.isAddressInUse
import java.net.BindException
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.Job
import kotlinx.coroutines.joinAll

/**
 * The bound sockets of this process that have been told to close and whose address is not free yet: a listener goes on listening until its
 * loop has next selected.
 */
internal object ClosingSockets {
    /** The address of each by what completes when it is free. */
    private val closing = ConcurrentHashMap<Job, SocketAddress>()

    fun add(closed: Job, address: SocketAddress) {
        closing[closed] = address
    }

    fun remove(closed: Job) {
        closing.remove(closed)
    }

    /**
     * Does [bind], again and again while sockets of this process that are being closed may be what is in the way.
     *
     * @throws BindException if something else is.
     */
    suspend fun outlast(address: SocketAddress, bind: suspend () -> Unit) {
        while (true) {
            // Looked up before the attempt: one that ends during it may still have been the reason.
            val inTheWay = closing.filterValues { overlap(it, address) }.keys
            try {
                return bind()
            } catch (e: BindException) {
                if (inTheWay.isEmpty() || !e.isAddressInUse) throw e
                inTheWay.joinAll()
            }
        }
    }

    /** All addresses of one family take those of the other with them, unless a socket was asked for one family only. */
    private fun overlap(one: SocketAddress, other: SocketAddress): Boolean {
        if (one !is InetSocketAddress || other !is InetSocketAddress) return one == other
        if (one.port != other.port) return false
        return one.address.isAnyLocalAddress || other.address.isAnyLocalAddress || one.address == other.address
    }
}
