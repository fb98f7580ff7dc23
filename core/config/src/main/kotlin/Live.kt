package io.hawser.config

import io.hawser.DatagramServer
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.ServerHandle
import io.hawser.StreamServer
import io.hawser.event.ServerState
import io.hawser.settings.Schemas
import io.hawser.settings.SettingsApi

/** The servers that run by a configuration and those that came after it, and what they are to be by now, by name. Any thread. */
@OptIn(SettingsApi::class)
internal class Live {
    // Both are guarded by this.
    private var running: Map<String, List<ServerHandle>> = emptyMap()
    private var current: Map<String, Any> = emptyMap()

    /** Takes [server] for one of [name]. It gets the options that count by now, for it may be one of an earlier configuration. */
    @Synchronized
    fun started(name: String, server: ServerHandle) {
        running = running + (name to running[name].orEmpty().filter { it.runs } + server)
        current[name]?.let { server.adopt(it) }
    }

    /**
     * Gives those that run, and those that are started from now on, the options of [servers]. Returns the names of the options that those
     * that run do not take, for every name of which one runs.
     */
    @Synchronized
    fun adopt(servers: Map<String, Any>): Map<String, Set<String>> {
        current = servers
        running = running.mapValues { (_, handles) -> handles.filter { it.runs } }.filterValues { it.isNotEmpty() }
        return running.mapValues { (name, handles) -> handles.flatMapTo(mutableSetOf()) { it.adopt(servers[name]) } }
    }

    private fun ServerHandle.adopt(server: Any?): Collection<String> = when {
        this is RunningServer && server is StreamServer -> if (options === server.options) emptyList() else reload(server.options)
        this is RunningDatagramServer && server is DatagramServer -> if (options === server.options) emptyList() else reload(server.options)
        else -> known
    }

    private val ServerHandle.runs: Boolean get() = state.value.let { it !is ServerState.Closed && it !is ServerState.Failed }

    internal companion object {
        /** All that servers have, as it is written. */
        val known: Set<String> = (Schemas.server.entries + Schemas.datagramServer.entries).mapTo(mutableSetOf()) { it.name }
    }
}
