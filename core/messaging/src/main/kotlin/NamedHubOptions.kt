package io.hawser.messaging

import io.hawser.ClientOptions
import io.hawser.ServerOptions
import io.hawser.messaging.named.HubFolder
import java.nio.file.Path

/**
 * Where [NamedHubs] are. Immutable: `NamedHubOptions { port = 9050 }` in Kotlin, `NamedHubOptions.builder().port(9050).build()` in Java.
 *
 * | option | default | |
 * |---|---|---|
 * | [socketDir] | `$XDG_RUNTIME_DIR/hawser`, or `hawser-{uid}` in the folder for temporary files | the folder in which hubs and clients find each other; to be set where services without a session, or several users, share hubs |
 * | [host] | `127.0.0.1` | where hubs on TCP listen; `*` for everywhere |
 * | [port] | none | the port that hubs on TCP listen on, in place of [ports]; 0 for any that is free |
 * | [ports] | 9000 to 9100 | of which hubs on TCP take the first that is free |
 * | [server] | its defaults | of the servers that hubs run on |
 * | [client] | its defaults | of the connections of clients |
 */
public class NamedHubOptions private constructor(from: Builder) {
    public val socketDir: Path = from.socketDir.toAbsolutePath().normalize()
    public val host: String = from.host
    public val port: Int? = from.port?.also { require(it in 0..LAST_PORT) { "port is not in 0..$LAST_PORT: $it" } }

    @get:JvmSynthetic
    public val ports: IntRange = from.ports.also {
        require(it.first in 1..LAST_PORT && it.last in 1..LAST_PORT) { "ports are not in 1..$LAST_PORT: $it" }
        require(!it.isEmpty()) { "ports are none: the first is over the last: $it" }
    }
    public val server: ServerOptions = from.server
    public val client: ClientOptions = from.client

    /** For Java: the first of `ports`. */
    public val firstPort: Int get() = ports.first

    /** For Java: the last of `ports`. */
    public val lastPort: Int get() = ports.last

    internal val candidates: IntRange get() = port?.let { it..it } ?: ports

    override fun toString(): String =
        "NamedHubOptions(socketDir=$socketDir, host=$host, port=$port, ports=$ports, server=$server, client=$client)"

    /** Collects options; [build] checks them. Not for use by several threads at once. */
    public class Builder internal constructor() {
        /** See [NamedHubOptions.socketDir]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var socketDir: Path = defaultSocketDir

        /** See [NamedHubOptions.host]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var host: String = "127.0.0.1"

        /** See [NamedHubOptions.port]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var port: Int? = null

        /** See [NamedHubOptions.ports]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var ports: IntRange = 9000..9100

        /** See [NamedHubOptions.server]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var server: ServerOptions = ServerOptions()

        /** See [NamedHubOptions.client]. */
        @get:JvmSynthetic
        @set:JvmSynthetic
        public var client: ClientOptions = ClientOptions()

        /** See [NamedHubOptions.socketDir]. */
        public fun socketDir(value: Path): Builder = apply { socketDir = value }

        /** See [NamedHubOptions.host]. */
        public fun host(value: String): Builder = apply { host = value }

        /** See [NamedHubOptions.port]. */
        public fun port(value: Int): Builder = apply { port = value }

        /** See [NamedHubOptions.ports]: from [first] to [last], both of them too. */
        public fun ports(first: Int, last: Int): Builder = apply { ports = first..last }

        /** See [NamedHubOptions.server]. */
        public fun server(value: ServerOptions): Builder = apply { server = value }

        /** See [NamedHubOptions.client]. */
        public fun client(value: ClientOptions): Builder = apply { client = value }

        /** @throws IllegalArgumentException naming the option and its value. */
        public fun build(): NamedHubOptions = NamedHubOptions(this)
    }

    public companion object {
        /** The options with what [block] changes. */
        @JvmSynthetic
        public operator fun invoke(block: Builder.() -> Unit = {}): NamedHubOptions = Builder().apply(block).build()

        /** For Java. */
        @JvmStatic
        public fun builder(): Builder = Builder()

        /** A folder of the user's own: what systemd makes for a session, else one beside everybody's. */
        internal val defaultSocketDir: Path
            get() = System.getenv("XDG_RUNTIME_DIR")?.takeIf { it.startsWith('/') }?.let { Path.of(it, "hawser") }
                ?: Path.of(System.getProperty("java.io.tmpdir"), "hawser-${HubFolder.uid ?: System.getProperty("user.name")}")

        private const val LAST_PORT = 65_535
    }
}
