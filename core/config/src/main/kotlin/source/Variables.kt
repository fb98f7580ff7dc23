package io.hawser.config.source

import io.hawser.config.ConfigProblem
import io.hawser.config.Origin
import io.hawser.config.reading.unknown
import io.hawser.settings.Entry
import io.hawser.settings.Group
import io.hawser.settings.Groups
import io.hawser.settings.Raw
import io.hawser.settings.Setting
import io.hawser.settings.SettingsApi
import io.hawser.settings.Surroundings

/** What the settings of [root] are called elsewhere: as variables of the environment, and as keys in code. */
@SettingsApi
internal class Variables(private val root: Node.Table, private val entries: Map<String, List<Entry<*>>>) {
    /** All settings that there are for the tables that there are. */
    private fun settings(): Map<List<String>, Setting<*, *>> = buildMap {
        for ((word, inner) in this@Variables.entries) {
            val tables = root.table(word) ?: continue
            for (name in tables.children.keys) collect(inner, listOf(word, name), tables.table(name))
        }
    }

    private fun MutableMap<List<String>, Setting<*, *>>.collect(entries: List<Entry<*>>, path: List<String>, table: Node.Table?) {
        for (entry in entries) {
            val inner = path + entry.name
            when (entry) {
                is Setting<*, *> -> putIfAbsent(inner, entry)

                is Group<*, *> -> collect(entry.schema.entries, inner, table?.table(entry.name))

                is Groups<*, *> -> table?.table(entry.name)?.children?.forEach { (name, node) ->
                    collect(entry.schema.entries, inner + name, node as? Node.Table)
                }
            }
        }
    }

    /** What [values] say, which code has set. */
    fun put(values: Map<List<String>, String>, environment: Map<String, String>) {
        val around = Surroundings(null, environment)
        for ((path, text) in values) root.put(path, Node.Leaf(Raw.Text(text), Origin.Code, around))
        val settings = settings()
        for ((path, text) in values) settings[path]?.let { root.put(path, Node.Leaf(it.kind.parse(text), Origin.Code, around)) }
    }

    /** What [environment] says, and what is wrong with it. Returns [around]'s files. */
    fun put(environment: Map<String, String>, around: Surroundings, problems: MutableList<ConfigProblem>) {
        val mine = environment.filterKeys { variable -> entries.keys.any { variable.startsWith("$PREFIX${it.upper()}_") } }
        if (mine.isEmpty()) return
        for (variable in mine.keys) declare(variable)
        val called = settings().entries.groupBy { (path, _) -> PREFIX + path.joinToString("_") { it.upper() } }
        for ((variable, text) in mine.toSortedMap()) {
            val meant = called[variable].orEmpty()
            val origin = Origin.Variable(variable)
            when (meant.size) {
                0 ->
                    problems +=
                        ConfigProblem.UnknownKey(origin, variable, null, called.keys.sorted(), unknownVariable(variable, called.keys))

                1 -> meant.single().let { (path, setting) -> root.put(path, Node.Leaf(setting.kind.parse(text), origin, around)) }

                else -> problems += ConfigProblem.Contradiction(
                    origin,
                    variable,
                    null,
                    "can mean " + meant.joinToString(" or ") { keyOf(it.key) } + ": rename one of the tables",
                )
            }
        }
    }

    /** An endpoint makes a table where no file has it: `HAWSER_SERVER_MY_API_ENDPOINT` that of `server.my-api`. */
    private fun declare(variable: String) {
        val word =
            entries.keys.firstOrNull {
                entries.getValue(it).any { entry -> entry.name == ENDPOINT } &&
                    variable.startsWith("$PREFIX${it.upper()}_")
            }
                ?: return
        val name = variable.removePrefix("$PREFIX${word.upper()}_").removeSuffix("_${ENDPOINT.upper()}")
        if (name.isEmpty() || !variable.endsWith("_${ENDPOINT.upper()}")) return
        val tables = root.table(word) ?: Node.Table(Origin.Variable(variable)).also { root.children[word] = it }
        if (tables.children.keys.any { it.upper() == name }) return
        tables.children[name.lowercase().replace('_', '-')] = Node.Table(Origin.Variable(variable))
    }

    private fun unknownVariable(variable: String, known: Set<String>): String =
        // All of them would be hundreds.
        unknown(variable, known).let { if (known.isNotEmpty() && "did you mean" !in it) "is unknown: no setting is called so" else it }

    private companion object {
        const val PREFIX = "HAWSER_"
        const val ENDPOINT = "endpoint"

        fun String.upper(): String = uppercase().replace('-', '_').replace('.', '_')
    }
}
