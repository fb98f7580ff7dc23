package io.hawser.config

import io.hawser.config.reading.Item
import io.hawser.config.reading.Loaded
import io.hawser.config.source.Node
import io.hawser.config.source.keyOf
import io.hawser.settings.Entry
import io.hawser.settings.Group
import io.hawser.settings.Groups
import io.hawser.settings.Raw
import io.hawser.settings.Secret
import io.hawser.settings.Setting
import io.hawser.settings.SettingsApi

/** What a configuration comes to. */
@SettingsApi
internal class Printing(private val loaded: Loaded) {
    private class Line(val key: List<String>, val value: Raw, val origin: Origin)

    private val lines = mutableListOf<Line>()
    private val tables = linkedMapOf<List<String>, MutableList<Line>>()

    /** The names of tables that have an order, by where they are. */
    val orders = linkedMapOf<List<String>, List<String>>()

    init {
        loaded.items.forEach { show(it) }
    }

    /** Every value by its key. */
    val values: Map<List<String>, String> get() = lines.associate { it.key to "${it.value}" }

    /** As TOML, with the origin of each value behind it. */
    fun toml(): String = tables.entries.joinToString("\n") { (path, lines) ->
        lines.joinToString("\n", "[${keyOf(path)}]\n", "\n") { line ->
            val said = "${keyOf(listOf(line.key.last()))} = ${line.value} # ${"${line.origin}".printable()}"
            // Nothing that can be read stands for a secret that code has.
            if (line.value == Raw.Text(Secret.MASK)) "# $said" else said
        }
    }

    private fun <B : Any> show(item: Item<B>) {
        tables[item.path] = mutableListOf()
        item.places?.let { add(item.path + "endpoint", Raw.Text("$it"), item.table.children["endpoint"]?.origin ?: Origin.Default) }
        show(item.entries, item.builder, item.default, item.table, item.path)
    }

    private fun add(key: List<String>, value: Raw, origin: Origin) {
        val line = Line(key, value, origin)
        lines += line
        tables.getValue(key.dropLast(1)) += line
    }

    private fun <B : Any> show(entries: List<Entry<B>>, builder: B, default: B, table: Node.Table?, path: List<String>) {
        for (entry in entries) if (entry is Setting<B, *>) show(entry, builder, default, table, path)
        for (entry in entries) {
            when (entry) {
                is Setting<B, *> -> Unit
                is Group<B, *> -> show(entry, builder, default, table, path + entry.name)
                is Groups<B, *> -> show(entry, table, path + entry.name)
            }
        }
    }

    private fun <B : Any, T> show(setting: Setting<B, T>, builder: B, default: B, table: Node.Table?, path: List<String>) {
        val value = setting.shown(builder)
        val leaf = table?.children?.get(setting.name) as? Node.Leaf
        val origin = when {
            leaf != null -> if (setting.kind.isSecret || loaded.said[path + setting.name] == value) leaf.origin else Origin.Code
            value == setting.shown(default) -> Origin.Default
            else -> Origin.Code
        }
        add(path + setting.name, value, origin)
    }

    /** A comment has no others. */
    private fun String.printable(): String =
        fold(StringBuilder()) { line, c -> if (c.isISOControl()) line.append("\\u%04x".format(c.code)) else line.append(c) }.toString()

    @Suppress("UNCHECKED_CAST") // A path is always collected by what its schema says.
    private fun <B : Any, G : Any> show(group: Group<B, G>, builder: B, default: B, table: Node.Table?, path: List<String>) {
        val inner = group.open(builder) ?: loaded.collected[keyOf(path)] as G? ?: return
        tables[path] = mutableListOf()
        show(group.schema.entries, inner, group.open(default) ?: group.fresh(null), table?.table(group.name), path)
    }

    @Suppress("UNCHECKED_CAST") // As above.
    private fun <B : Any, G : Any> show(groups: Groups<B, G>, table: Node.Table?, path: List<String>) {
        val inner = table?.table(groups.name) ?: return
        orders[path] = inner.children.keys.toList()
        for (name in inner.children.keys) {
            tables[path + name] = mutableListOf()
            show(
                groups.schema.entries,
                loaded.collected.getValue(keyOf(path + name)) as G,
                groups.fresh(name, null),
                inner.table(name),
                path + name,
            )
        }
    }
}
