package io.hawser.config

import io.hawser.ServerHandle
import io.hawser.event.ServerState
import java.util.concurrent.ConcurrentHashMap

/** The servers that run by a configuration and those that came after it, by name. Any thread. */
internal class Live {
    private val running = ConcurrentHashMap<String, Set<ServerHandle>>()

    fun started(name: String, server: ServerHandle) {
        running.merge(name, setOf(server)) { before, now -> before.filterTo(LinkedHashSet()) { it.runs } + now }
    }

    /** Those of [name] that have not ended. */
    fun of(name: String): List<ServerHandle> = running[name].orEmpty().filter { it.runs }

    private val ServerHandle.runs: Boolean get() = state.value.let { it !is ServerState.Closed && it !is ServerState.Failed }
}
