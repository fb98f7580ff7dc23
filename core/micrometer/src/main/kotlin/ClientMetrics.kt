package io.hawser.micrometer

import io.hawser.Endpoint
import io.hawser.StreamClient
import io.hawser.event.ConnectionEvent
import io.hawser.event.EventTap
import io.hawser.reconnect.ReconnectingClient
import io.hawser.transport.TransportApi
import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.Tag
import java.util.concurrent.CopyOnWriteArrayList
import kotlinx.coroutines.awaitCancellation

/**
 * How the connections of a client go, as its events tell where they happen: `hawser.client.*`. While it listens, every read and write of the
 * client is an event, which costs a little. A client that connects never ends: its meters stay until [close].
 */
@OptIn(TransportApi::class)
public class ClientMetrics private constructor(
    private val source: Source,
    endpoint: Endpoint,
    tags: Iterable<Tag>,
) : HawserMetrics(tagsOf(endpoint, tags)) {
    private val listening = CopyOnWriteArrayList<Recorder>()

    /** For the connections that [client] makes, not those of clients that were made of it, such as by `traced`. */
    @JvmOverloads
    public constructor(client: StreamClient, tags: Iterable<Tag> = emptyList()) :
        this(Source({ client.droppedEvents }, client::tap, ::awaitCancellation), client.endpoint, tags)

    /** For the connections of [link], until that has stopped. */
    @JvmOverloads
    public constructor(link: ReconnectingClient, tags: Iterable<Tag> = emptyList()) :
        this(Source({ link.droppedEvents }, link::tap, link::join), link.endpoint, tags)

    private class Source(val dropped: () -> Long, val tap: (EventTap) -> AutoCloseable, val join: suspend () -> Unit)

    private class Recorder(val connections: ConnectionMeters, val read: Counter, val written: Counter)

    override fun Meters.register() {
        counter("hawser.client.events.dropped", source, null, "Events that somebody was too slow for") { it.dropped() }
        listening += Recorder(
            ConnectionMeters(this, "hawser.client").timingConnects(),
            read = count("hawser.client.read", "bytes", "Bytes that have come in"),
            written = count("hawser.client.written", "bytes", "Bytes that have left"),
        )
    }

    override suspend fun watch(): Unit =
        source.tap { event -> if (event is ConnectionEvent) for (recorder in listening) recorder.record(event) }.use { source.join() }

    private fun Recorder.record(event: ConnectionEvent) {
        when (event) {
            is ConnectionEvent.Read -> read.increment(event.bytes.toDouble())
            is ConnectionEvent.Written -> written.increment(event.bytes.toDouble())
            else -> connections.record(event)
        }
    }
}
