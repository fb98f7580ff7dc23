package io.hawser.config.source

import io.hawser.config.Origin
import io.hawser.settings.Raw
import io.hawser.settings.SettingsApi
import io.hawser.settings.Surroundings

/** What files, the environment and code say, put together. */
@SettingsApi
internal sealed class Node {
    abstract val origin: Origin

    class Leaf(val raw: Raw, override val origin: Origin, val around: Surroundings) : Node()

    class Table(override val origin: Origin, val children: LinkedHashMap<String, Node> = LinkedHashMap()) : Node() {
        /** This with what [later] says instead or besides. */
        fun under(later: Table): Table {
            val merged = Table(origin, LinkedHashMap(children))
            for ((name, node) in later.children) {
                val before = merged.children[name]
                merged.children[name] = if (before is Table && node is Table) before.under(node) else node
            }
            return merged
        }

        fun table(name: String): Table? = children[name] as? Table

        /** Puts [leaf] at [path], with the tables on the way. */
        fun put(path: List<String>, leaf: Leaf) {
            val inner = path.dropLast(1).fold(this) { table, name ->
                table.table(name) ?: Table(leaf.origin).also { table.children[name] = it }
            }
            inner.children[path.last()] = leaf
        }
    }
}

private val bare = Regex("[A-Za-z0-9_-]+")

/** A key of TOML. */
@SettingsApi
internal fun keyOf(path: List<String>): String = path.joinToString(".") { if (bare.matches(it)) it else "${Raw.Text(it)}" }
