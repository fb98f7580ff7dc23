package io.hawser.server

import io.hawser.Admission
import io.hawser.Candidate
import io.hawser.Datagram
import io.hawser.DatagramServerOptions
import io.hawser.event.DropReason
import io.hawser.transport.RawDatagrams
import io.hawser.transport.TransportApi
import java.net.InetSocketAddress
import java.net.SocketAddress

/** Decides which datagrams that have come to [address] are handled, by the server's rules. */
@OptIn(TransportApi::class)
internal class DatagramDoorkeeper(
    private val options: LiveOptions<DatagramServerOptions>,
    private val transport: Admission,
    private val address: SocketAddress,
    private val maxDatagramSize: Int,
) {
    /** Why [datagram] goes no further, or null if it does. */
    fun reasonToDrop(datagram: Datagram): DropReason? {
        if (datagram.isCut) return DropReason.TooLarge(maxDatagramSize)
        if (isOwn(datagram.sender)) return DropReason.FromItself
        return refusal(transport, datagram) ?: refusal(options.now.admission, datagram)
    }

    /** Whether [sender] is, or says that it is, this server. */
    private fun isOwn(sender: SocketAddress?): Boolean {
        if (sender == address) return true
        if (sender !is InetSocketAddress || address !is InetSocketAddress || sender.port != address.port) return false
        if (!address.address.isAnyLocalAddress) return false
        return sender.address.isLoopbackAddress || sender.address in LocalAddresses
    }

    private fun refusal(rule: Admission, datagram: Datagram): DropReason? {
        if (rule === Admission.everyone) return null
        return try {
            val candidate = Candidate(address, datagram.sender ?: RawDatagrams.Unnamed)
            if (rule.admits(candidate)) null else DropReason.NotAdmitted(rule)
        } catch (e: Throwable) {
            DropReason.NotAdmitted(rule, e)
        }
    }
}
