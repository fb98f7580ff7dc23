package io.hawser.broker.serving

import io.hawser.Connection
import io.hawser.ConnectionClosed
import io.hawser.broker.BrokerEvent
import io.hawser.transport.TransportApi
import java.io.IOException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import kotlinx.coroutines.withContext

/** What a broker does with each connection. */
@OptIn(TransportApi::class)
internal class Reception(private val office: Office) {
    /** Serves [connection] until it ends. */
    suspend fun hold(connection: Connection): Unit = withContext(connection.transport.loop.dispatcher) {
        val peer = Peer(connection, office)
        office.peers[peer.id] = peer
        office.tell(BrokerEvent.Connected(peer.snapshot()))
        var failure: Throwable? = null
        try {
            if (office.isDraining) office.dismiss(peer)
            peer.converse()
        } catch (e: Throwable) {
            failure = e.takeIf { currentCoroutineContext().isActive && e !is ConnectionClosed }
            if (e !is IOException) throw e
        } finally {
            office.peers.remove(peer.id)
            office.tell(BrokerEvent.Disconnected(peer.snapshot(), failure))
        }
    }
}
