package io.hawser.config.reading

import io.hawser.config.source.Node
import io.hawser.settings.Entry
import io.hawser.settings.Section
import io.hawser.settings.SettingsApi

/** One table with a name, as it has been read: `[server.api]`. */
@SettingsApi
internal class Item<B : Any>(
    val word: String,
    val name: String,
    val table: Node.Table,
    val entries: List<Entry<B>>,
    val builder: B,
    /** As it is when the table is empty. */
    val default: B,
    /** Null for what its [section] makes whenever it is asked for. */
    val made: Any?,
    val section: Section<B, *>?,
    val places: Places?,
) {
    val path: List<String> get() = listOf(word, name)
}
