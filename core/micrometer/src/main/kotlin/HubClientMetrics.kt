package io.hawser.micrometer

import io.hawser.messaging.HubClient
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.Tags

/** Whether [client] is connected to its hub, looked at when the registry is: `hawser.hub.client.*`. */
public class HubClientMetrics @JvmOverloads constructor(
    private val client: HubClient,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(client.endpoint, Tags.of("event", client.event).and(tags))) {
    override fun Meters.register() {
        gauge("hawser.hub.client.connected", client, null, "Whether it is connected: 1 or 0") { it.state.value.isConnected.asNumber() }
    }

    override suspend fun watch(): Unit = client.join()
}
