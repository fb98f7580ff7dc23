package io.hawser.config.reading

import io.hawser.DatagramServer
import io.hawser.Endpoint
import io.hawser.ServerHandle
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.config.ConfigProblem
import io.hawser.config.InvalidConfiguration
import io.hawser.config.Origin
import io.hawser.config.source.Change
import io.hawser.config.source.Node
import io.hawser.config.source.Seen
import io.hawser.config.source.Sources
import io.hawser.config.source.TomlFile
import io.hawser.config.source.Variables
import io.hawser.config.source.keyOf
import io.hawser.settings.Entry
import io.hawser.settings.Extension
import io.hawser.settings.Parts
import io.hawser.settings.Refused
import io.hawser.settings.RefusedType
import io.hawser.settings.Schemas
import io.hawser.settings.Section
import io.hawser.settings.Setting
import io.hawser.settings.SettingsApi
import io.hawser.settings.Surroundings
import io.hawser.transport.TransportApi
import java.nio.file.Files

/** Reads all that [sources] say, once. Nothing that lives is changed. */
@SettingsApi
@OptIn(TransportApi::class)
internal class Loading(
    private val sources: Sources,
    earlier: Loaded?,
    private val seen: Seen,
    private val onStart: (String, ServerHandle) -> Unit,
) {
    private val providers = earlier?.providers ?: Providers.now()
    private val plans = earlier?.plans.orEmpty()
    private val problems = mutableListOf<ConfigProblem>()
    private val filling = Filling(problems, plans, seen, ::homes)
    private val items = mutableListOf<Item<*>>()
    private val broken = mutableSetOf<Pair<String, String>>()
    private val shapes: Map<Shape<*, *>, List<Entry<*>>> = Shape.all.associateWith { it.entries(providers.extensions) }
    private val entries: Map<String, List<Entry<*>>> =
        Shape.words.associateWith { word -> shapes.filterKeys { it.word == word }.values.flatten() + endpoint } +
            providers.sections.associate { it.name to it.schema.entries }

    /** Whether all files could be read, so that what is missing is missing indeed. */
    private var isWhole = true

    /** @throws InvalidConfiguration with all that is wrong. */
    fun load(): Loaded {
        sources.userFile?.let(seen::note)
        val files = (sources.files + listOfNotNull(sources.userFile?.takeIf(Files::exists))).map { TomlFile(it, sources.environment, seen) }
        files.flatMapTo(problems) { it.problems }
        isWhole = problems.isEmpty()
        filling.isWhole = isWhole
        val root = files.map { it.root }.fold(Node.Table(Origin.Code), Node.Table::under)
        val around = Surroundings(null, sources.environment, seen::note)
        Variables(root, entries, around).run {
            put(sources.values)
            put(sources.environment, problems)
            // Once more, because it goes over the environment.
            put(sources.values)
        }
        for ((word, node) in root.children) if (word !in entries || node !is Node.Table) unknownWord(word, node)
        for ((word, name, table) in tables(root)) if (word in Shape.words) read(word, name, table)
        for ((word, name, table) in tables(root)) providers.sections.find { it.name == word }?.let { read(it, name, table) }
        if (isWhole) for (path in sources.changes.keys) missed(path, root)
        val loaded = Loaded(items.toList(), providers, plans, filling)
        if (isWhole) for (item in items) item.section?.let { make(item, it, loaded) }
        if (problems.isNotEmpty()) throw InvalidConfiguration(problems.toList(), seen.all)
        return loaded
    }

    private fun tables(root: Node.Table): List<Triple<String, String, Node.Table>> = entries.keys.flatMap { word ->
        val tables = root.children[word] as? Node.Table
        tables?.children.orEmpty().mapNotNull { (name, node) ->
            (node as? Node.Table)?.let { Triple(word, name, it) }
                ?: stray(word, name, node)
        }
    }

    private fun stray(word: String, name: String, node: Node): Nothing? {
        val text = "belongs to no table: write it under a name, such as [$word.main]"
        val problem = ConfigProblem.UnknownKey(node.origin, keyOf(listOf(word, name)), null, emptyList(), text)
        if (problems.none { it.origin === node.origin && it.key == problem.key }) problems += problem
        return null
    }

    /** Code that changes what no table says would never be asked. */
    private fun missed(path: List<String>, root: Node.Table) {
        val (word, name) = path
        val names = root.table(word)?.children?.keys.orEmpty()
        if (name !in names) problems += ConfigProblem.UnknownKey(Origin.Code, keyOf(path), null, names.toList(), unknown(name, names))
    }

    private fun unknownWord(word: String, node: Node) {
        val artifact = Schemas.artifacts[word]
        problems += when {
            word in entries -> ConfigProblem.BadValue(
                node.origin,
                word,
                (node as Node.Leaf).raw.shownUnasked(),
                TABLES,
                true,
                "is not $TABLES",
            )

            artifact != null -> ConfigProblem.MissingModule(node.origin, word, artifact, missing(artifact))

            else -> ConfigProblem.UnknownKey(node.origin, keyOf(listOf(word)), null, entries.keys.toList(), unknown(word, entries.keys))
        }
    }

    private fun read(word: String, name: String, table: Node.Table) {
        val before = problems.size
        val places = places(word, name, table)
        read(if (places == null) likely(word, table) else Shape.of(word, places.first.isDatagram), name, table, places, before)
        if (problems.size > before) broken += word to name
    }

    /** What most of its keys are of, where the endpoint does not tell. */
    private fun likely(word: String, table: Node.Table): Shape<*, *> = shapes.filterKeys { it.word == word }
        .maxBy { (_, entries) -> table.children.keys.count { key -> entries.any { it.name == key } } }.key

    private fun places(word: String, name: String, table: Node.Table): Places? {
        val key = keyOf(listOf(word, name, endpoint.name))
        val leaf = table.children[endpoint.name] as? Node.Leaf
        if (leaf == null) {
            if (isWhole) problems += ConfigProblem.MissingKey(table.origin, key, "is missing: ${Places.kind.allowed}")
            return null
        }
        return try {
            Places.kind.read(leaf.raw, leaf.around)
        } catch (_: RefusedType) {
            noPlace(leaf, key, isOfWrongType = true, "")
        } catch (e: Refused) {
            noPlace(leaf, key, isOfWrongType = false, ": ${e.message}")
        }
    }

    private fun noPlace(leaf: Node.Leaf, key: String, isOfWrongType: Boolean, why: String): Nothing? {
        val allowed = Places.kind.allowed
        problems += ConfigProblem.BadValue(leaf.origin, key, leaf.raw.shown(), allowed, isOfWrongType, "is not $allowed$why")
        return null
    }

    private fun <B : Any, P : Any> read(shape: Shape<B, P>, name: String, table: Node.Table, places: Places?, before: Int) {
        val at = places?.first
        val extensions = shape.extensionsOf(providers.extensions)
        val fitting = extensions.filter { at == null || it.refusal(at) == null }
        val entries = shape.entries(fitting)
        val whole = Whole<B, P>(shape.fresh())
        val path = listOf(shape.word, name)
        val rest = Node.Table(table.origin, LinkedHashMap(table.children).also { it.remove(endpoint.name) })
        filling.fill(entries, whole, rest, path) { key ->
            if (at == null || entries.any { it.name == key }) return@fill null
            extensions.firstOrNull { it.has(key) }?.refusal?.invoke(at)
                ?: shapes.keys.find { it.word == shape.word && it !== shape && shapes.getValue(it).any { entry -> entry.name == key } }
                    ?.let { "it is of ${it.name}, and $at carries ${if (at.isDatagram) "datagrams" else "streams"}" }
        }
        if (at != null) {
            for (extension in fitting) {
                val needed = extension.table ?: continue
                if (isWhole && extension.isNeeded(at) && needed !in table.children) {
                    problems += ConfigProblem.MissingKey(table.origin, keyOf(path + needed), "is missing: $at needs it")
                }
            }
        }
        if (problems.size > before || places == null || !isWhole) return
        attempt(listOf<Entry<*>>(endpoint) + entries, table, path) {
            sources.changes[path].orEmpty().forEach { change(it, shape, whole.options, path, places.first) }
            if (problems.size > before) return@attempt
            val made = observed(name, shape.make(whole, places))
            items += Item(shape.word, name, table, entries, whole, Whole(shape.fresh()), made, null, places)
        }
    }

    /** @throws IllegalArgumentException if that is what [change] says. */
    private fun change(change: Change, shape: Shape<*, *>, options: Any, path: List<String>, at: Endpoint) {
        if (change.isDatagram != shape.isDatagram) {
            val meant = Shape.of(shape.word, change.isDatagram).name
            val text = "does not go: code changes it as one of $meant, and $at carries ${shape.name.substringAfter(" of ")}"
            problems += ConfigProblem.Contradiction(Origin.Code, keyOf(path), null, text)
            return
        }
        try {
            change.action(options)
        } catch (e: IllegalArgumentException) {
            throw e
        } catch (e: Exception) {
            problems += ConfigProblem.Failed(keyOf(path), e, "cannot be changed by code: $e")
        }
    }

    /** The first words of the tables in which modules have [name]. */
    private fun homes(name: String): List<String> =
        Shape.all.filter { shape -> shape.extensionsOf(providers.extensions).any { it.has(name) } }.map { it.word }.distinct()

    private fun attempt(entries: List<Entry<*>>, table: Node.Table, path: List<String>, action: () -> Unit) {
        try {
            filling.attempt(entries, table, path, action)
        } catch (e: InExtension) {
            val name = e.extension.table
            val inner = name?.let(table::table) ?: table
            filling.attempt(e.extension.schema.entries, inner, path + listOfNotNull(name)) { throw e.cause }
        }
    }

    private fun Extension<*, *>.has(key: String): Boolean = table == key || (table == null && schema[key] != null)

    private fun observed(name: String, made: Any): Any = when (made) {
        is StreamServer -> made.observedBy { onStart(name, it) }
        is DatagramServer -> made.observedBy { onStart(name, it) }
        else -> made
    }

    private fun <B : Any> read(section: Section<B, *>, name: String, table: Node.Table) {
        val before = problems.size
        val builder = section.fresh(name)
        filling.fill(section.schema.entries, builder, table, listOf(section.name, name))
        if (problems.size > before) return
        items += Item(section.name, name, table, section.schema.entries, builder, section.fresh(name), null, section, null)
    }

    /** Only to see whether it can be made. What is made of something broken would only say so again. */
    private fun <B : Any> make(item: Item<B>, section: Section<*, *>, loaded: Loaded) {
        val parts = object : Parts {
            override fun server(name: String): StreamServer = whole("server", name) { loaded.server(name) }

            override fun client(name: String): StreamClient = whole("client", name) { loaded.client(name) }
        }
        try {
            filling.attempt(item.entries, item.table, item.path) { item.section?.make?.invoke(item.builder, parts) }
        } catch (_: Broken) {
            check(problems.isNotEmpty()) { "$section is broken by nothing" }
        }
    }

    private fun <P> whole(word: String, name: String, part: () -> P): P = if (word to name in broken) throw Broken() else part()

    private class Broken : RuntimeException()

    private companion object {
        const val TABLES = "a table of tables, each with a name"
        val endpoint: Setting<Unit, Places?> =
            Setting("endpoint", Places.kind.orNull(""), "where it listens, or whom it connects to", setOf("endpoint"), {
                null
            }, { _, _ -> })
    }
}
