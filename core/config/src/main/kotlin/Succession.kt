package io.hawser.config

import io.hawser.config.source.keyOf
import io.hawser.settings.SettingsApi
import io.hawser.settings.kebab

/** What is otherwise [after] than [before], and how it is brought to the servers that run. */
@SettingsApi
internal class Succession(private val before: HawserConfig, private val after: HawserConfig) {
    private val changed: List<List<String>> = (before.values.keys + after.values.keys).filter { key ->
        before.values[key] != after.values[key] || before.contentsOf(key) != after.contentsOf(key)
    } + after.orders.keys.filter { path ->
        val earlier = before.orders[path].orEmpty()
        val later = after.orders.getValue(path)
        earlier.filter { it in later } != later.filter { it in earlier }
    }

    /** Has it count, and tells what does. */
    fun event(): ConfigEvent.Reloaded {
        val counting = after.loaded.commit()
        val refused = after.live.adopt(after.items.filter { it.word == SERVER }.associate { it.name to checkNotNull(it.made) })
        val (live, pending) = changed.sortedBy { key -> changed.indexOfFirst { it.take(2) == key.take(2) } }
            .partition { it in counting || counts(it, refused) }
        return ConfigEvent.Reloaded(after, live.map(::keyOf), pending.map(::keyOf))
    }

    /** [refused] are the options that servers that run have not taken. */
    private fun counts(key: List<String>, refused: Map<String, Set<String>>): Boolean {
        val table = key.take(2)
        val (word, name) = table
        val runs = word == SERVER && name in refused
        return when {
            after.items.none { it.path == table } -> false

            // What nobody can have yet is as it is to be.
            !runs && before.items.none { it.path == table } -> true

            word != SERVER -> false

            // Who starts one that was made before gives it the options that count by then.
            else -> key[2] in Live.known && (if (runs) refused.getValue(name) else atStart).none { kebab(it) == key[2] }
        }
    }

    /** The digests of the files that the value of [key] was read from. */
    private fun HawserConfig.contentsOf(key: List<String>): List<String?> = loaded.reads[key].orEmpty().map { seen[it] }

    private companion object {
        const val SERVER = "server"

        /** What no server takes once it has been started; none runs that could say so itself. */
        val atStart = setOf("backlog", "socket", "max-datagram-size", "close-timeout")
    }
}
