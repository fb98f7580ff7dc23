package io.hawser.config.reading

import io.hawser.config.ConfigProblem
import io.hawser.config.source.Node
import io.hawser.config.source.Seen
import io.hawser.config.source.keyOf
import io.hawser.settings.Entry
import io.hawser.settings.Group
import io.hawser.settings.Groups
import io.hawser.settings.Raw
import io.hawser.settings.Refused
import io.hawser.settings.RefusedType
import io.hawser.settings.Schemas
import io.hawser.settings.Setting
import io.hawser.settings.SettingsApi
import java.nio.file.Path

/**
 * Puts what tables say into builders. What is wrong is added to [problems], and the rest goes on. [earlier] is what earlier readings
 * collected, by path; [homes] are the first words of the tables that have a name of some module's.
 */
@SettingsApi
internal class Filling(
    private val problems: MutableList<ConfigProblem>,
    private val earlier: Map<String, Any>,
    private val seen: Seen,
    private val homes: (String) -> List<String>,
) {
    /** What collects the tables within the table, by path. */
    val collected = linkedMapOf<String, Any>()

    /** What files and the environment say, as it is printed, by path. */
    val said = linkedMapOf<List<String>, Raw>()

    /** The files that values were read from, by path. */
    val reads = linkedMapOf<List<String>, Set<Path>>()

    /** Whether nothing is missing that a file has, so that what does not go together is known. */
    var isWhole = true

    private val commits = mutableListOf<() -> List<List<String>>>()

    /** Has what was collected count, and returns the paths of what counts for what was made by an earlier reading, too. */
    fun commit(): Set<List<String>> = commits.flatMapTo(linkedSetOf()) { it() }

    /** What an earlier reading collected at [path]. */
    @Suppress("UNCHECKED_CAST") // A path is always collected by what its schema says.
    fun <G : Any> earlier(path: List<String>): G? = earlier[keyOf(path)] as G?

    /** [refusal] says why a name is none here, though it is elsewhere. */
    fun <B : Any> fill(
        entries: List<Entry<B>>,
        builder: B,
        table: Node.Table,
        path: List<String>,
        refusal: (String) -> String? = { null },
    ) {
        for ((name, node) in table.children) {
            val entry = entries.find { it.name == name }
            val why = refusal(name)
            when {
                why != null -> contradicts(node, path + name, why)
                entry == null -> unknown(entries, node, path, name)
                entry is Setting<B, *> -> fill(entry, builder, node, path + name)
                node !is Node.Table -> noTable(node as Node.Leaf, path + name)
                entry is Group<B, *> -> fill(entry, builder, node, path + name)
                entry is Groups<B, *> -> fill(entry, builder, node, path + name)
            }
        }
    }

    private fun <B : Any> fill(setting: Setting<B, *>, builder: B, node: Node, path: List<String>) {
        val kind = setting.kind
        if (node !is Node.Leaf) {
            problems += ConfigProblem.BadValue(node.origin, keyOf(path), null, kind.allowed, true, "is a table, and not ${kind.allowed}")
            return
        }
        try {
            val files = seen.during { setting.read(builder, node.raw, node.around) }
            if (files.isNotEmpty()) reads[path] = files
            said[path] = setting.shown(builder)
        } catch (_: RefusedType) {
            bad(node, path, kind.allowed, isOfWrongType = true, why = null, kind.isSecret)
        } catch (e: Refused) {
            bad(node, path, kind.allowed, isOfWrongType = false, e.message, kind.isSecret)
        }
    }

    private fun <B : Any, G : Any> fill(group: Group<B, G>, builder: B, table: Node.Table, path: List<String>) {
        val inner = group.open(builder) ?: group.fresh(earlier(path))
        collected[keyOf(path)] = inner
        val before = problems.size
        fill(group.schema.entries, inner, table, path)
        if (isWhole && problems.size == before) attempt(group.schema.entries, table, path) { group.close(builder, inner) }
        commits += { group.commit(inner).map { path + it } }
    }

    private fun <B : Any, G : Any> fill(groups: Groups<B, G>, builder: B, table: Node.Table, path: List<String>) {
        val before = problems.size
        val all = table.children.mapNotNull { (name, node) ->
            if (node !is Node.Table) {
                noTable(node as Node.Leaf, path + name)
                return@mapNotNull null
            }
            groups.fresh(name, earlier(path + name)).also { inner ->
                collected[keyOf(path + name)] = inner
                fill(groups.schema.entries, inner, node, path + name)
                commits += { groups.commit(inner).map { path + name + it } }
            }
        }
        if (isWhole && problems.size == before) attempt(groups.schema.entries, table, path) { groups.close(builder, all) }
    }

    /** What fails here, fails by something in [table]: by the option that its text begins with, or the value in it, if that stands there. */
    fun attempt(entries: List<Entry<*>>, table: Node.Table, path: List<String>, action: () -> Unit) {
        try {
            action()
        } catch (e: IllegalArgumentException) {
            val about = e.message.orEmpty().takeWhile { it.isLetterOrDigit() }
            val entry = entries.find { about in it.options && it.name in table.children }
                ?: entries.find { (table.children[it.name] as? Node.Leaf)?.isIn(e.message.orEmpty()) == true }
            val node = entry?.let { table.children[it.name] } ?: table
            contradicts(node, if (entry == null) path else path + entry.name, e.message ?: "$e", entry.isSecret)
        } catch (e: IllegalStateException) {
            problems += ConfigProblem.MissingModule(table.origin, keyOf(path), null, "cannot be had: ${e.message}")
        }
    }

    /** Whether [text] is about it: the path of a file. */
    private fun Node.Leaf.isIn(text: String): Boolean = (raw as? Raw.Text)?.let { "/${it.text.trimStart('/')}" in text } == true

    private val Entry<*>?.isSecret: Boolean get() = (this as? Setting<*, *>)?.kind?.isSecret == true

    private fun contradicts(node: Node, path: List<String>, why: String, isSecret: Boolean = false) {
        val value = (node as? Node.Leaf)?.raw?.shown(isSecret)
        problems += ConfigProblem.Contradiction(node.origin, keyOf(path), value, "does not go: $why")
    }

    private fun bad(
        leaf: Node.Leaf,
        path: List<String>,
        allowed: String,
        isOfWrongType: Boolean,
        why: String?,
        isSecret: Boolean = false,
    ) {
        val text = "is not $allowed" + if (why == null) "" else ": $why"
        problems += ConfigProblem.BadValue(leaf.origin, keyOf(path), leaf.raw.shown(isSecret), allowed, isOfWrongType, text)
    }

    private fun noTable(leaf: Node.Leaf, path: List<String>) {
        problems += ConfigProblem.BadValue(leaf.origin, keyOf(path), leaf.raw.shownUnasked(), "a table", true, "is not a table")
    }

    private fun unknown(entries: List<Entry<*>>, node: Node, path: List<String>, name: String) {
        val homes = if (path.size == 2) homes(name) else emptyList()
        val artifact = Schemas.artifacts[name].takeIf { path.size == 2 && homes.isEmpty() }
        problems += if (artifact != null) {
            ConfigProblem.MissingModule(node.origin, keyOf(path + name), artifact, missing(artifact))
        } else {
            val names = entries.map { it.name }
            val value = (node as? Node.Leaf)?.raw?.shownAs(name, names)
            val text = if (homes.isEmpty()) {
                unknown(name, names)
            } else {
                "is unknown here: it is of ${homes.joinToString(" and ") {
                    "[$it.x]"
                }}"
            }
            ConfigProblem.UnknownKey(node.origin, keyOf(path + name), value, names, text)
        }
    }
}

internal fun missing(artifact: String): String = "needs a module that is not there: add io.hawser:$artifact to the class path"
