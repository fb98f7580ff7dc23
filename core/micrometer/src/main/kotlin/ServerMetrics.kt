package io.hawser.micrometer

import io.hawser.AdmissionClassTotals
import io.hawser.RunningServer
import io.hawser.event.Refusal
import io.hawser.event.ServerState
import io.micrometer.core.instrument.Tag

/**
 * What [server] has counted so far, looked at when the registry is: `hawser.server.*`. Its connections do not pay for that.
 *
 * Admission classes are those that it had when the meters were registered.
 */
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
        for ((reason, type) in REFUSALS) {
            counter("hawser.server.refused", server, "connections", "Connections not let in, by why", "reason", reason) {
                it.totals.refusedFor[type] ?: 0
            }
        }
        timed("hawser.server.throttled", server, "Connections that a rate has held back, and for how long", { it.totals.throttled }) {
            it.totals.throttledTime.toNanos()
        }
        counter("hawser.server.read", server, "bytes", "Bytes that have come in") { it.totals.bytesRead }
        counter("hawser.server.written", server, "bytes", "Bytes that have left") { it.totals.bytesWritten }
        counter("hawser.server.events.dropped", server, null, "Events that somebody was too slow for") { it.totals.droppedEvents }
        for (admitted in server.totals.classes) register(admitted.name)
    }

    private fun Meters.register(name: String) {
        fun RunningServer.own(): AdmissionClassTotals? = totals.classes.find { it.name == name }
        gauge("hawser.server.class.connections", server, "connections", "Connections of an admission class that are open", "class", name) {
            it.own()?.connections ?: 0
        }
        counter("hawser.server.class.accepted", server, "connections", "Connections of an admission class let in", "class", name) {
            it.own()?.accepted ?: 0
        }
        counter("hawser.server.class.refused", server, "connections", "Connections of an admission class not let in", "class", name) {
            it.own()?.refused ?: 0
        }
    }

    override suspend fun watch(): Unit = server.awaitClosed()

    private companion object {
        /** All reasons that there are, by the names of their classes. */
        val REFUSALS: Map<String, Class<*>> = Refusal::class.java.permittedSubclasses.associateBy { it.simpleName.asTag() }
    }
}
