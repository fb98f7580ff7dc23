package io.hawser.config

import io.hawser.ClientOptions
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServerOptions
import io.hawser.ServerOptions
import io.hawser.config.source.Change
import io.hawser.config.source.Sources
import io.hawser.settings.SettingsApi
import java.nio.file.Files
import java.nio.file.Path
import java.util.function.Consumer
import org.tomlj.Toml

/** Says where a [HawserConfig] is read from. Not for use by several threads at once. */
@OptIn(SettingsApi::class)
public class ConfigBuilder internal constructor() {
    private val files = mutableListOf<Path>()
    private var userFile: () -> Path? = { null }
    private var environment: Map<String, String>? = null
    private val values = linkedMapOf<List<String>, String>()
    private val changes = linkedMapOf<List<String>, MutableList<Change>>()

    /** Reads [path], which goes over those before it. */
    public fun file(path: Path): ConfigBuilder = apply { files.add(path) }

    /** Reads [path] after all others, if it is there; null for none. */
    public fun userFile(path: Path?): ConfigBuilder = apply { userFile = { path } }

    /** Reads the file [name] in the folder `hawser` of `$XDG_CONFIG_HOME`, or of `~/.config`, after all others, if it is there. */
    public fun userFile(name: String): ConfigBuilder = apply { userFile = { userFolder().resolve(name) } }

    /** Takes [variables] for the environment, in place of the process's own. */
    public fun environment(variables: Map<String, String>): ConfigBuilder = apply { environment = variables.toMap() }

    /**
     * Sets [key], such as `server.api.idle-timeout`, to what is written [value], as in the environment: lists with commas.
     *
     * @throws IllegalArgumentException if [key] is none of TOML's, or has less than three names.
     */
    public fun set(key: String, value: String): ConfigBuilder = apply {
        val path = Toml.parseDottedKey(key)
        require(path.size > 2) { "key \"$key\" has less than three names: the first word of a table, its name, and a key in it" }
        values[path] = value
    }

    /** Has [change] set options of the server of streams [name], when all else has been said. It is asked again whenever files change. */
    public fun server(name: String, change: Consumer<ServerOptions.Builder>): ConfigBuilder =
        change("server", name, isDatagram = false, change)

    /** Has [change] set options of the client of streams [name], as [server] has it. */
    public fun client(name: String, change: Consumer<ClientOptions.Builder>): ConfigBuilder =
        change("client", name, isDatagram = false, change)

    /** Has [change] set options of the server of datagrams [name], as [server] has it. */
    public fun datagramServer(name: String, change: Consumer<DatagramServerOptions.Builder>): ConfigBuilder =
        change("server", name, isDatagram = true, change)

    /** Has [change] set options of the client of datagrams [name], as [server] has it. */
    public fun datagramClient(name: String, change: Consumer<DatagramClientOptions.Builder>): ConfigBuilder =
        change("client", name, isDatagram = true, change)

    /** Reads all of it. @throws InvalidConfiguration with all that is wrong. */
    public fun load(): HawserConfig {
        val variables = environment ?: System.getenv().toMap()
        val sources = Sources(
            files.toList(),
            userFile(),
            variables,
            values.toMap(),
            changes.mapValues { it.value.toList() },
            Thread.currentThread().contextClassLoader,
        )
        return HawserConfig.load(sources, earlier = null).also { it.loaded.commit() }
    }

    @Suppress("UNCHECKED_CAST") // It is asked about tables of its word that are of datagrams, or not, as it is.
    private fun <B> change(word: String, name: String, isDatagram: Boolean, change: Consumer<B>): ConfigBuilder = apply {
        changes.getOrPut(listOf(word, name)) { mutableListOf() } += Change(isDatagram) { builder -> change.accept(builder as B) }
    }

    private fun userFolder(): Path {
        val variables = environment ?: System.getenv()
        val configured = variables["XDG_CONFIG_HOME"]?.takeIf { it.startsWith('/') }?.let { Path.of(it) }
        return (configured ?: Path.of(System.getProperty("user.home"), ".config")).resolve("hawser")
    }
}
