package io.hawser.micrometer

import io.hawser.messaging.ConnectedClient
import io.hawser.messaging.MessageHub
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags

/**
 * Who is connected to [hub] and what waits there, looked at when the registry is: `hawser.hub.*`. Its server has [ServerMetrics] of its own,
 * by [MessageHub.handle].
 *
 * @throws IllegalStateException if the hub has not been started.
 */
public class HubMetrics @JvmOverloads constructor(
    private val hub: MessageHub,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(hub.endpoint, Tags.of("event", hub.event).and(tags))) {
    override fun Meters.register() {
        gauge("hawser.hub.clients", hub, "clients", "Clients that are connected") { it.clients.value.size }
        gauge("hawser.hub.queued", hub, "messages", "Messages that wait to leave, for all clients together") {
            it.clients.value.sumOf(ConnectedClient::queueDepth)
        }
        gauge("hawser.hub.missed", hub, "messages", "Messages that those who are connected have missed") {
            it.clients.value.sumOf(ConnectedClient::dropped)
        }
        gauge("hawser.hub.backlog", hub, "messages", "Messages that wait for the first client") { it.backlogSize }
        counter("hawser.hub.backlog.dropped", hub, "messages", "Messages that nobody has got") { it.backlogDropped }
    }

    override suspend fun watch(): Unit = hub.awaitClosed()
}
