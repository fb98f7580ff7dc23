package io.hawser.config.source

import io.hawser.config.ConfigProblem
import io.hawser.config.Origin
import io.hawser.config.reading.missing
import io.hawser.config.reading.unknown
import io.hawser.settings.Entry
import io.hawser.settings.Group
import io.hawser.settings.Groups
import io.hawser.settings.Raw
import io.hawser.settings.Schemas
import io.hawser.settings.Setting
import io.hawser.settings.SettingsApi
import io.hawser.settings.Surroundings

/** What the settings of [root] are called elsewhere: as variables of the environment, and as keys in code. */
@SettingsApi
internal class Variables(
    private val root: Node.Table,
    private val entries: Map<String, List<Entry<*>>>,
    /** Where what stands in no file does. */
    private val around: Surroundings,
) {
    /** The first words of tables of modules that are not there, with the artifacts. */
    private val absent = Schemas.sections - entries.keys

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
    fun put(values: Map<List<String>, String>) {
        for ((path, text) in values) root.put(path, Node.Leaf(Raw.Text(text), Origin.Code, around))
        val settings = settings()
        for ((path, text) in values) settings[path]?.let { root.put(path, Node.Leaf(it.kind.parse(text), Origin.Code, around)) }
    }

    /** What [environment] says; what is wrong with it is added to [problems]. */
    fun put(environment: Map<String, String>, problems: MutableList<ConfigProblem>) {
        val mine = environment.filterKeys { variable -> (entries.keys + absent.keys).any { variable.isOf(it) } }
        if (mine.isEmpty()) return
        for (variable in mine.keys) declare(variable)
        val called = settings().entries.groupBy { (path, _) -> PREFIX + path.joinToString("_") { it.upper() } }
        val secrets = references(root) + mine.values.mapNotNull(::reference)
        for ((variable, text) in mine.toSortedMap()) {
            val meant = called[variable].orEmpty()
            val origin = Origin.Variable(variable)
            when (meant.size) {
                0 -> if (variable !in secrets && !isServiceLink(variable, text)) problems += strange(variable, called.keys)

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

    private fun strange(variable: String, known: Set<String>): ConfigProblem {
        val origin = Origin.Variable(variable)
        val artifact = absent.entries.find { (word, _) -> variable.isOf(word) && entries.keys.none { variable.isOf(it) } }?.value
        if (artifact != null) return ConfigProblem.MissingModule(origin, variable, artifact, missing(artifact))
        // All of them would be hundreds.
        val text = unknown(variable, known)
            .let { if (known.isNotEmpty() && "did you mean" !in it) "is unknown: no setting is called so" else it }
        return ConfigProblem.UnknownKey(origin, variable, null, known.sorted(), text)
    }

    /** The variables that hold secrets of this table. */
    private fun references(node: Node): Set<String> = when (node) {
        is Node.Leaf -> setOfNotNull((node.raw as? Raw.Text)?.let { reference(it.text) })
        is Node.Table -> node.children.values.flatMapTo(mutableSetOf(), ::references)
    }

    private fun reference(text: String): String? = text.takeIf { it.startsWith(REFERENCE) }?.removePrefix(REFERENCE)

    /** What Kubernetes and Docker tell of a service that is called like one of our tables. */
    private fun isServiceLink(variable: String, text: String): Boolean = link.containsMatchIn(variable) ||
        (variable.endsWith("_PORT") && address.containsMatchIn(text))

    private fun String.isOf(word: String): Boolean = startsWith("$PREFIX${word.upper()}_")

    private companion object {
        const val PREFIX = "HAWSER_"
        const val ENDPOINT = "endpoint"
        const val REFERENCE = "env:"
        val link = Regex("_SERVICE_(HOST|PORT(_\\w+)?)$|_PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$")
        val address = Regex("^(tcp|udp|sctp)://")

        fun String.upper(): String = uppercase().replace('-', '_').replace('.', '_')
    }
}
