package io.hawser.config.reading

import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.settings.Parts
import io.hawser.settings.Raw
import io.hawser.settings.SettingsApi
import java.nio.file.Path

/** What has been read. */
@SettingsApi
internal class Loaded(
    val items: List<Item<*>>,
    val providers: Providers,
    /** What earlier readings collected, by path: who was made of a table that is gone goes on with it when the table is back. */
    earlier: Map<String, Any>,
    private val filling: Filling,
) : Parts {
    /** What collects the tables within the tables, by path. */
    val collected: Map<String, Any> get() = filling.collected

    /** The same, and that of tables that are gone. */
    val plans: Map<String, Any> = earlier + filling.collected

    /** What files and the environment say, as it is printed, by path. */
    val said: Map<List<String>, Raw> get() = filling.said

    /** The files that values were read from, by path. */
    val reads: Map<List<String>, Set<Path>> get() = filling.reads

    /** Has it count for what lives, and returns the paths of what does. */
    fun commit(): Set<List<String>> = filling.commit()

    override fun server(name: String): StreamServer = part(Shape.streamServer, name)

    override fun client(name: String): StreamClient = part(Shape.streamClient, name)

    /** @throws IllegalArgumentException if there is none of that name, or it is of another kind. */
    fun <P : Any> part(shape: Shape<*, P>, name: String): P {
        val item = item(shape.word, name)
        require(shape.type.isInstance(item.made)) { "${shape.word} \"$name\" is none of ${shape.name.substringAfter(" of ")}" }
        return shape.type.cast(item.made)
    }

    fun item(word: String, name: String): Item<*> = requireNotNull(items.find { it.word == word && it.name == name }) {
        val names = items.filter { it.word == word }.map { it.name }
        "$word \"$name\" is not there: " + if (names.isEmpty()) "there is no table [$word.$name]" else "there are ${names.joinToString()}"
    }
}
