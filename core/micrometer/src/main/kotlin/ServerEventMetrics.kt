package io.hawser.micrometer

import io.hawser.RunningServer
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.transport.TransportApi
import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.Tag
import java.util.concurrent.CopyOnWriteArrayList

/**
 * What [server] does not count, as its events tell where they happen: how long connections last, why they end and fail. While it listens,
 * every read and write of the server is an event, which costs a little; [ServerMetrics] do not. It counts failures and says nothing of them:
 * they are logged as if it was not there.
 */
@OptIn(TransportApi::class)
public class ServerEventMetrics @JvmOverloads constructor(
    private val server: RunningServer,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(server.endpoint, tags)) {
    private val listening = CopyOnWriteArrayList<Recorder>()

    private class Recorder(val connections: ConnectionMeters, val acceptFailures: Counter)

    override fun Meters.register() {
        listening += Recorder(
            ConnectionMeters(this, "hawser.server"),
            count("hawser.server.accept.failures", "failures", "Times that nobody could be accepted"),
        )
    }

    override suspend fun watch(): Unit =
        server.tap { event -> for (recorder in listening) recorder.record(event) }.use { server.awaitClosed() }

    private fun Recorder.record(event: Any) {
        when (event) {
            is ConnectionEvent -> connections.record(event)
            is ServerEvent.AcceptFailed -> acceptFailures.increment()
        }
    }
}
