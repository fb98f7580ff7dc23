package io.hawser.micrometer

import io.hawser.AdmissionClassTotals
import io.hawser.RunningServer
import io.hawser.ServerTotals
import io.hawser.event.Refusal
import io.hawser.event.ServerState
import io.micrometer.core.instrument.Clock
import io.micrometer.core.instrument.MeterRegistry
import io.micrometer.core.instrument.Tag
import java.util.concurrent.ConcurrentHashMap

/**
 * What [server] has counted so far, looked at when the registry is: `hawser.server.*`. Its connections do not pay for that.
 *
 * Admission classes are those that it had when the meters were registered, whatever a reload has made of them since.
 */
public class ServerMetrics @JvmOverloads constructor(
    private val server: RunningServer,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(server.endpoint, tags)) {
    /** Guarded by the monitor. */
    private val views = mutableMapOf<MeterRegistry, ServerView>()

    override fun Meters.register() {
        val view = views.getOrPut(registry) { ServerView(server, registry.config().clock()) }
        gauge("hawser.server.accepting", server, null, "Whether it accepts connections: 1 or 0") {
            (it.state.value is ServerState.Listening).asNumber()
        }
        gauge("hawser.server.connections", server, "connections", "Connections that are open") { it.connectionCount.value }
        counter("hawser.server.accepted", view, "connections", "Connections let in") { it.totals.accepted }
        for ((reason, type) in REFUSALS) {
            counter("hawser.server.refused", view, "connections", "Connections not let in, by why", "reason", reason) {
                it.totals.refusedFor[type] ?: 0
            }
        }
        timed("hawser.server.throttled", view, "Connections that a rate has held back, and for how long", { it.totals.throttled }) {
            it.totals.throttledTime.toNanos()
        }
        counter("hawser.server.read", view, "bytes", "Bytes that have come in") { it.totals.bytesRead }
        counter("hawser.server.written", view, "bytes", "Bytes that have left") { it.totals.bytesWritten }
        counter("hawser.server.events.dropped", view, null, "Events that somebody was too slow for") { it.totals.droppedEvents }
        for (name in view.names) register(view, name)
    }

    private fun Meters.register(view: ServerView, name: String) {
        gauge("hawser.server.class.connections", view, "connections", "Connections of an admission class that are open", "class", name) {
            it.open(name)
        }
        counter("hawser.server.class.accepted", view, "connections", "Connections of an admission class let in", "class", name) {
            it.ever(name).accepted
        }
        counter("hawser.server.class.refused", view, "connections", "Connections of an admission class not let in", "class", name) {
            it.ever(name).refused
        }
    }

    override suspend fun watch(): Unit = server.awaitClosed()

    /** [server] as the meters of one registry see it. */
    private class ServerView(server: RunningServer, clock: Clock) {
        /** Of each class what was seen last: those that a reload leaves out are not in the totals, and do not count back. */
        private val classes = ConcurrentHashMap<String, AdmissionClassTotals>()

        /** The classes that there are as the meters begin, which is no look of theirs yet. */
        val names: List<String> = server.totals.classes.onEach { classes[it.name] = it }.map { it.name }
        private val moment = Moment(clock) { server.totals.also { totals -> totals.classes.forEach { classes[it.name] = it } } }

        val totals: ServerTotals get() = moment.now

        fun open(name: String): Int = totals.classes.find { it.name == name }?.connections ?: 0

        fun ever(name: String): AdmissionClassTotals {
            moment.now
            return classes.getValue(name)
        }
    }

    private companion object {
        /** All reasons that there are, by the names of their classes. */
        val REFUSALS: Map<String, Class<*>> = Refusal::class.java.permittedSubclasses.associateBy { it.simpleName.asTag() }
    }
}
