package io.hawser.samples.hub

import io.hawser.messaging.HubEvent
import io.hawser.messaging.MessageHub
import io.hawser.samples.monitor.Facts
import java.util.concurrent.atomic.LongAdder

/** What a hub has done that it does not count itself. */
internal class HubTally {
    /** Messages for clients. */
    val sent = LongAdder()

    /** Messages of clients. */
    val received = LongAdder()

    /** Messages that those clients missed that are gone. */
    private val missed = LongAdder()

    fun note(event: HubEvent) {
        if (event is HubEvent.Disconnected) missed.add(event.client.dropped)
    }

    fun facts(hub: MessageHub): Facts {
        val clients = hub.clients.value
        return Facts(
            now = mapOf(
                "clients" to clients.size.toLong(),
                "queued" to clients.sumOf { it.queueDepth.toLong() },
                "backlog" to hub.backlogSize.toLong(),
            ),
            totals = mapOf(
                "messages_sent" to sent.sum(),
                "messages_received" to received.sum(),
                "dropped" to missed.sum() + clients.sumOf { it.dropped } + hub.backlogDropped,
            ),
        )
    }
}
