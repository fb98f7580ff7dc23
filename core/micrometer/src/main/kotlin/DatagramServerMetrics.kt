package io.hawser.micrometer

import io.hawser.RunningDatagramServer
import io.micrometer.core.instrument.Tag

/** What [server] has counted so far, looked at when the registry is: `hawser.datagram.server.*`. Its datagrams do not pay for that. */
public class DatagramServerMetrics @JvmOverloads constructor(
    private val server: RunningDatagramServer,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(server.endpoint, tags)) {
    override fun Meters.register() {
        counted("received", "Datagrams that have come in") { it.totals.received }
        counted("handled", "Datagrams whose handler has ended by itself") { it.totals.handled }
        counted("failed", "Datagrams whose handler failed") { it.totals.failed }
        counted("dropped", "Datagrams and replies that went no further") { it.totals.dropped }
        counted("read", "Bytes that have come in", "bytes") { it.totals.bytesRead }
        counted("written", "Bytes that have left", "bytes") { it.totals.bytesWritten }
        counted("events.dropped", "Events that somebody was too slow for", null) { it.totals.droppedEvents }
    }

    private fun Meters.counted(name: String, description: String, unit: String? = "datagrams", value: (RunningDatagramServer) -> Long) =
        counter("hawser.datagram.server.$name", server, unit, description, value = value)

    override suspend fun watch(): Unit = server.awaitClosed()
}
