package io.hawser.micrometer

import io.hawser.RunningServer
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.micrometer.core.instrument.Counter
import io.micrometer.core.instrument.Tag
import java.util.concurrent.CopyOnWriteArrayList

/**
 * What [server] does not count, as its events tell: how long connections last, why they end and fail. While it listens, every read
 * and write of the server is an event, which costs a little; [ServerMetrics] do not.
 */
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

    override suspend fun watch(): Unit = server.events.collect { event -> for (recorder in listening) recorder.run { record(event) } }

    private fun Recorder.record(event: Any) {
        when (event) {
            is ConnectionEvent -> connections.record(event)
            is ServerEvent.AcceptFailed -> acceptFailures.increment()
        }
    }
}
