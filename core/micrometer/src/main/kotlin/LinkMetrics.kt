package io.hawser.micrometer

import io.hawser.reconnect.LinkState
import io.hawser.reconnect.ReconnectingClient
import io.micrometer.core.instrument.Tag

/** Where [link] is and what waits in it, looked at when the registry is: `hawser.link.*`. */
public class LinkMetrics @JvmOverloads constructor(
    private val link: ReconnectingClient,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(link.endpoint, tags)) {
    override fun Meters.register() {
        gauge("hawser.link.connected", link, null, "Whether it is connected: 1 or 0") { it.state.value.isConnected.asNumber() }
        gauge("hawser.link.attempt", link, null, "Attempts to connect in a row, 0 while it is connected") { it.state.value.attempt }
        gauge("hawser.link.queued", link, "messages", "Messages that wait for a connection") { it.queuedMessages }
        counter("hawser.link.dropped", link, "messages", "Messages that were not sent and will not be") { it.droppedMessages }
        counter("hawser.link.events.dropped", link, null, "Events that somebody was too slow for") { it.droppedEvents }
    }

    override suspend fun watch(): Unit = link.join()
}

internal val LinkState.isConnected: Boolean get() = this is LinkState.Connected

private val LinkState.attempt: Int
    get() = when (this) {
        is LinkState.Connecting -> attempt
        is LinkState.Waiting -> attempt
        is LinkState.Connected, LinkState.Idle, is LinkState.Stopped -> 0
    }
