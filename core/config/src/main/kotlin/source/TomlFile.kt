package io.hawser.config.source

import io.hawser.config.ConfigProblem
import io.hawser.config.Origin
import io.hawser.settings.Raw
import io.hawser.settings.SettingsApi
import io.hawser.settings.Surroundings
import java.io.IOException
import java.nio.ByteBuffer
import java.nio.charset.CharacterCodingException
import java.nio.file.Files
import java.nio.file.Path
import org.tomlj.Toml
import org.tomlj.TomlArray
import org.tomlj.TomlPosition
import org.tomlj.TomlTable

/** A file of TOML as it was when it was read. */
@SettingsApi
internal class TomlFile(private val path: Path, environment: Map<String, String>, private val seen: Seen) {
    private val around = Surroundings(path.toAbsolutePath().parent, environment, seen::note)
    private val found = mutableListOf<ConfigProblem>()

    val problems: List<ConfigProblem> get() = found

    val root: Node.Table = content()?.let(::parsed) ?: Node.Table(Origin.File(path, 1, 1))

    private fun content(): String? {
        try {
            val bytes = seen.read(path)
            if (bytes.size > LARGEST) return unreadable("it has more than $LARGEST bytes")
            return Charsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString().removePrefix(BYTE_ORDER_MARK)
        } catch (_: CharacterCodingException) {
            return unreadable("it is not UTF-8")
        } catch (e: IOException) {
            return unreadable(
                when {
                    Files.notExists(path) -> "there is no such file"
                    !Files.isRegularFile(path) -> "it is no regular file"
                    else -> "$e"
                },
            )
        }
    }

    private fun unreadable(why: String): String? {
        found += ConfigProblem.UnreadableFile(path, why)
        return null
    }

    private fun parsed(text: String): Node.Table {
        val result = Toml.parse(text)
        for (error in result.errors().sortedWith(compareBy({ it.position().line() }, { it.position().column() }))) {
            found += ConfigProblem.Syntax(at(error.position()), error.message.orEmpty().replaceFirstChar(Char::lowercase))
        }
        return table(result, Origin.File(path, 1, 1))
    }

    private fun table(from: TomlTable, origin: Origin): Node.Table {
        val table = Node.Table(origin)
        for (key in from.keySet()) {
            val name = listOf(key)
            val position = at(from.inputPositionOf(name) ?: TomlPosition.positionAt(1, 1))
            table.children[key] = when (val value = from.get(name)) {
                is TomlTable -> table(value, position)
                else -> Node.Leaf(raw(value), position, around)
            }
        }
        return table
    }

    private fun raw(value: Any?): Raw = when (value) {
        is String -> Raw.Text(value)

        is Long -> Raw.Whole(value)

        is Double -> Raw.Real(value)

        is Boolean -> Raw.Flag(value)

        is TomlArray -> Raw.Many(value.toList().map(::raw))

        // Whatever is in it, no setting is, and a secret may be.
        is TomlTable -> Raw.Other("{...}")

        else -> Raw.Other("$value")
    }

    private fun at(position: TomlPosition) = Origin.File(path, position.line(), position.column())

    private companion object {
        const val LARGEST = 1024 * 1024
        const val BYTE_ORDER_MARK = "\uFEFF"
    }
}
