package io.hawser.config

import io.hawser.DatagramServer
import io.hawser.RunningDatagramServer
import io.hawser.RunningServer
import io.hawser.StreamServer
import io.hawser.config.reading.Item
import io.hawser.config.source.keyOf
import io.hawser.settings.Schemas
import io.hawser.settings.SettingsApi
import io.hawser.settings.kebab

/** What is otherwise [after] than [before], brought to the servers that run. */
@SettingsApi
internal class Succession(private val before: HawserConfig, private val after: HawserConfig) {
    private val live = mutableListOf<String>()
    private val pending = mutableListOf<String>()

    fun event(): ConfigEvent.Reloaded {
        val changed = (before.values.keys + after.values.keys).filter { before.values[it] != after.values[it] }
        for ((table, keys) in changed.groupBy { it.take(2) }) sort(table, keys)
        return ConfigEvent.Reloaded(after, live.toList(), pending.toList())
    }

    private fun sort(table: List<String>, keys: List<List<String>>) {
        val (word, name) = table
        val now = after.items.find { it.path == table }
        val isNew = before.items.none { it.path == table }
        // What nobody can have yet is as it is to be.
        if (isNew) {
            keys.mapTo(live, ::keyOf)
            return
        }
        val startOnly = if (word == "server" && now != null) reload(name, now.made) else null
        for (key in keys) {
            val inner = key.drop(2)
            val counts = now != null && (now.takes(key) || (startOnly != null && isOption(inner, startOnly)))
            (if (counts) live else pending) += keyOf(key)
        }
    }

    /** Whether what lives has [key] as it is now. What is new, or gone, is nothing that lives by it. */
    private fun Item<*>.takes(key: List<String>): Boolean {
        val inner = key.drop(2)
        return inner.dropLast(1) in live || (inner in live && key in before.values && key in after.values)
    }

    /** Whether [key] is one of the options, and of those that a running server takes. */
    private fun isOption(key: List<String>, startOnly: Set<String>): Boolean =
        key.first() in options && startOnly.none { kebab(it) == key.first() }

    /** Gives servers that run their new options, and returns the names of those that they do not take. */
    private fun reload(name: String, made: Any?): Set<String> = before.live.of(name).flatMapTo(mutableSetOf()) { server ->
        when {
            server is RunningServer && made is StreamServer -> server.reload(made.options)
            server is RunningDatagramServer && made is DatagramServer -> server.reload(made.options)
            else -> options
        }
    }

    private companion object {
        val options: Set<String> = (Schemas.server.entries + Schemas.datagramServer.entries)
            .mapTo(mutableSetOf()) { it.name }
    }
}
