package io.hawser.micrometer

import io.hawser.RunningServer
import io.hawser.event.ServerState
import io.micrometer.core.instrument.Tag

/** What [server] has counted so far, looked at when the registry is: `hawser.server.*`. Its connections do not pay for that. */
public class ServerMetrics @JvmOverloads constructor(
    private val server: RunningServer,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(server.endpoint, tags)) {
    override fun Meters.register() {
        gauge("hawser.server.accepting", server, null, "Whether it accepts connections: 1 or 0") {
            (it.state.value is ServerState.Listening).asNumber()
        }
        gauge("hawser.server.connections", server, "connections", "Connections that are open") { it.connectionCount.value }
        counter("hawser.server.accepted", server, "connections", "Connections let in") { it.totals.accepted }
        counter("hawser.server.refused", server, "connections", "Connections not let in") { it.totals.refused }
        counter("hawser.server.read", server, "bytes", "Bytes that have come in") { it.totals.bytesRead }
        counter("hawser.server.written", server, "bytes", "Bytes that have left") { it.totals.bytesWritten }
        counter("hawser.server.events.dropped", server, null, "Events that somebody was too slow for") { it.totals.droppedEvents }
    }

    override suspend fun watch(): Unit = server.awaitClosed()
}
