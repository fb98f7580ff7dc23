package io.hawser.config.reading

import io.hawser.DatagramServer
import io.hawser.ServerHandle
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.config.ConfigProblem
import io.hawser.config.InvalidConfiguration
import io.hawser.config.Origin
import io.hawser.config.source.Node
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
import java.nio.file.Path

/** What has been read. */
@SettingsApi
internal class Loaded(
    val items: List<Item<*>>,
    val collected: Map<String, Any>,
    val files: Set<Path>,
    private val filling: Filling,
) : Parts {
    /** Has it count for what lives. */
    fun commit(): Unit = filling.commit()

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

/** Reads all that [sources] say, once. Nothing that lives is changed. */
@SettingsApi
@OptIn(TransportApi::class)
internal class Loading(private val sources: Sources, earlier: Map<String, Any>, private val onStart: (String, ServerHandle) -> Unit) {
    private val providers = Providers.now()
    private val problems = mutableListOf<ConfigProblem>()
    private val filling = Filling(problems, earlier)
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
        val files = (sources.files + listOfNotNull(sources.userFile?.takeIf(Files::exists))).map { TomlFile(it, sources.environment) }
        files.flatMapTo(problems) { it.problems }
        isWhole = problems.isEmpty()
        val root = files.map { it.root }.fold(Node.Table(Origin.Code), Node.Table::under)
        val around = Surroundings(null, sources.environment)
        Variables(root, entries).run {
            put(sources.values, sources.environment)
            put(sources.environment, around, problems)
            // Once more, because it goes over the environment.
            put(sources.values, sources.environment)
        }
        for ((word, node) in root.children) if (word !in entries || node !is Node.Table) unknownWord(word, node)
        for ((word, name, table) in tables(root)) if (word in Shape.words) read(word, name, table)
        for ((word, name, table) in tables(root)) providers.sections.find { it.name == word }?.let { read(it, name, table) }
        val watched = files.flatMapTo(linkedSetOf<Path>()) { it.files } + around.files + sources.files + listOfNotNull(sources.userFile)
        val loaded = Loaded(items.toList(), filling.collected, watched, filling)
        if (isWhole) for (item in items) item.section?.let { make(item, it, loaded) }
        if (problems.isNotEmpty()) throw InvalidConfiguration(problems.toList(), watched)
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

    private fun unknownWord(word: String, node: Node) {
        val artifact = Schemas.artifacts[word]
        problems += when {
            word in entries -> ConfigProblem.BadValue(node.origin, word, "${(node as Node.Leaf).raw}", TABLES, true, "is not $TABLES")
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
        } catch (e: RefusedType) {
            problems += ConfigProblem.BadValue(leaf.origin, key, "${leaf.raw}", Places.kind.allowed, true, "is not ${Places.kind.allowed}")
            null
        } catch (e: Refused) {
            problems +=
                ConfigProblem.BadValue(
                    leaf.origin,
                    key,
                    "${leaf.raw}",
                    Places.kind.allowed,
                    false,
                    "is not ${Places.kind.allowed}: ${e.message}",
                )
            null
        }
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
        if (problems.size > before || places == null) return
        attempt(entries, table, path) {
            sources.changes[path].orEmpty().forEach { it(whole.options) }
            val made = observed(name, shape.make(whole, places))
            val live = fitting.flatMapTo(mutableSetOf(listOf("admission"))) { extension ->
                extension.live.map {
                    listOfNotNull(extension.table) +
                        it
                }
            }
            items += Item(shape.word, name, table, entries, whole, Whole(shape.fresh()), made, null, places, live)
        }
    }

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
        items += Item(section.name, name, table, section.schema.entries, builder, section.fresh(name), null, section, null, emptySet())
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
            Setting("endpoint", Places.kind.orNull(""), "where it listens, or whom it connects to", emptySet(), { null }, { _, _ -> })
    }
}
