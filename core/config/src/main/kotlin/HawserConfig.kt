package io.hawser.config

import io.hawser.DatagramClient
import io.hawser.DatagramServer
import io.hawser.Endpoint
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.config.reading.Item
import io.hawser.config.reading.Loaded
import io.hawser.config.reading.Loading
import io.hawser.config.reading.Shape
import io.hawser.config.reading.Whole
import io.hawser.config.source.Seen
import io.hawser.config.source.Sources
import io.hawser.framing.SessionOptions
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.Pool
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.ReconnectingClient
import io.hawser.reconnect.pooled
import io.hawser.reconnect.reconnecting
import io.hawser.settings.SettingsApi
import java.nio.file.Path
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.CoroutineScope

/**
 * Clients and servers by name, as files, the environment and code say. Immutable, and for any number of threads; nothing is opened
 * before it is used.
 *
 * ```toml
 * [server.api]
 * endpoint = "tcp://127.0.0.1:9000"
 * idle-timeout = "25s"
 * max-connections = 10_000
 * ```
 *
 * What is said later goes over what is said before it: the options' own defaults, the files in their order, the user's file, the
 * environment (`HAWSER_SERVER_API_IDLE_TIMEOUT`), code. `README.md` of this module has all keys.
 *
 * @sample io.hawser.samples.documentation.configuration
 */
@OptIn(SettingsApi::class)
public class HawserConfig internal constructor(
    internal val sources: Sources,
    internal val loaded: Loaded,
    internal val live: Live,
    /** The files that it was read from, with a digest of what was in them. */
    internal val seen: Map<Path, String>,
) {
    private val printing by lazy { Printing(loaded) }

    internal val items: List<Item<*>> get() = loaded.items
    internal val values: Map<List<String>, String> get() = printing.values

    /** The names of tables that have an order, by where they are. */
    internal val orders: Map<List<String>, List<String>> get() = printing.orders

    /** The names of tables whose first word is [word], such as `server`, in their order. */
    public fun names(word: String): List<String> = items.filter { it.word == word }.map { it.name }

    /** The server of streams `[server.NAME]`. @throws IllegalArgumentException if there is none. */
    public fun server(name: String): StreamServer = loaded.part(Shape.streamServer, name)

    /** The server of datagrams `[server.NAME]`. @throws IllegalArgumentException if there is none. */
    public fun datagramServer(name: String): DatagramServer = loaded.part(Shape.datagramServer, name)

    /** The client of streams `[client.NAME]`. @throws IllegalArgumentException if there is none. */
    public fun client(name: String): StreamClient = loaded.part(Shape.streamClient, name)

    /** The client of datagrams `[client.NAME]`. @throws IllegalArgumentException if there is none. */
    public fun datagramClient(name: String): DatagramClient = loaded.part(Shape.datagramClient, name)

    /** A new one that stays connected as `[client.NAME]` connects, by its table `reconnect`. @throws IllegalArgumentException if there is none. */
    public fun reconnecting(name: String): ReconnectingClient = client(name).reconnecting(link(name))

    /** A new pool of connections of `[client.NAME]`, by its table `pool`. @throws IllegalArgumentException if there is none. */
    public fun pool(name: String): Pool = client(name).pooled(whole(name).pool ?: PoolOptions())

    /** What the table `reconnect` of `[client.NAME]` says, to add hooks to. @throws IllegalArgumentException if there is no such client. */
    public fun link(name: String): LinkOptions = whole(name).link ?: LinkOptions()

    /** What the table `session` of `[client.NAME]` says. @throws IllegalArgumentException if there is no such client. */
    public fun session(name: String): SessionOptions = whole(name).session ?: SessionOptions()

    /**
     * The endpoint of `[word.NAME]`, of a server or a client.
     *
     * @throws IllegalArgumentException if there is none.
     */
    public fun endpoint(word: String, name: String): Endpoint =
        requireNotNull(loaded.item(word, name).places) { "$word \"$name\" has no endpoint" }.first

    /**
     * A new [type] as the table of that kind called [name] says, such as a `MessageHub` or a `Broker`: whatever modules make.
     *
     * @throws IllegalArgumentException if there is none.
     */
    public fun <T : Any> get(type: Class<T>, name: String): T {
        val item = items.find { it.section?.type == type && it.name == name }
        requireNotNull(item) {
            val names = items.filter { it.section?.type == type }.map { it.name }
            "${type.simpleName} \"$name\" is not there" + if (names.isEmpty()) "" else ": there are ${names.joinToString()}"
        }
        return type.cast(made(item))
    }

    /** A new [T] as the table of that kind called [name] says. @throws IllegalArgumentException if there is none. */
    @JvmSynthetic
    public inline operator fun <reified T : Any> get(name: String): T = get(T::class.java, name)

    /**
     * All that it comes to, as TOML, with the origin of each value behind it. Loaded again it is the same, but for secrets that code has:
     * of those nothing is shown, and of others where they are.
     */
    public fun describe(): String = printing.toml()

    /**
     * Has the files looked at again and again, in [scope], until it is closed: what changes there counts at once where it can. See
     * [ConfigWatch].
     */
    @JvmSynthetic
    public fun watch(scope: CoroutineScope, interval: kotlin.time.Duration = ConfigWatch.INTERVAL): ConfigWatch =
        ConfigWatch(this, interval).also { it.launchIn(scope) }

    /** [watch] for callers with Java's durations. */
    public fun watch(scope: CoroutineScope, interval: java.time.Duration): ConfigWatch = watch(scope, interval.toKotlinDuration())

    override fun toString(): String = "HawserConfig(${items.joinToString { "${it.word}.${it.name}" }})"

    @Suppress("UNCHECKED_CAST") // The shape of a client of streams has no other.
    private fun whole(name: String): Whole<*, *> = client(name).let { loaded.item(Shape.streamClient.word, name).builder as Whole<*, *> }

    private fun <B : Any> made(item: Item<B>): Any? = item.section?.make?.invoke(item.builder, loaded)

    public companion object {
        /**
         * What the file [path] says, and after it the user's of the same name, which is in the folder `hawser` of `$XDG_CONFIG_HOME`, or
         * of `~/.config`, if it is there; and then the environment.
         *
         * @throws InvalidConfiguration with all that is wrong.
         */
        @JvmStatic
        public fun load(path: Path): HawserConfig = builder().file(path).userFile("${path.fileName}").load()

        /** [load] of [path], and what [block] says besides. */
        @JvmSynthetic
        public fun load(path: Path, block: ConfigBuilder.() -> Unit): HawserConfig =
            builder().file(path).userFile("${path.fileName}").apply(block).load()

        /** What [block] says. */
        @JvmSynthetic
        public fun load(block: ConfigBuilder.() -> Unit): HawserConfig = builder().apply(block).load()

        /** Says from where to read. */
        @JvmStatic
        public fun builder(): ConfigBuilder = ConfigBuilder()

        internal fun load(sources: Sources, earlier: HawserConfig?): HawserConfig = sources.asFirst {
            val live = earlier?.live ?: Live()
            val seen = Seen()
            val loaded = Loading(sources, earlier?.loaded, seen, live::started).load()
            HawserConfig(sources, loaded, live, seen.all)
        }
    }
}
