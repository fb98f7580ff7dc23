package io.hawser.config.reading

import io.hawser.ClientOptions
import io.hawser.DatagramClient
import io.hawser.DatagramClientOptions
import io.hawser.DatagramServer
import io.hawser.DatagramServerOptions
import io.hawser.Endpoint
import io.hawser.Hawser
import io.hawser.ServerOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.reconnect.CircuitBreaker
import io.hawser.reconnect.guardedBy
import io.hawser.settings.Entry
import io.hawser.settings.Extension
import io.hawser.settings.Group
import io.hawser.settings.Schema
import io.hawser.settings.Schemas
import io.hawser.settings.SettingsApi
import io.hawser.transport.FirstFree
import io.hawser.transport.TransportApi

/** What a table `[server.x]` or `[client.x]` can be: which is known by its endpoint. */
@SettingsApi
internal class Shape<B : Any, P : Any>(
    /** The first word of its tables. */
    val word: String,
    val isDatagram: Boolean,
    val type: Class<P>,
    val options: Schema<B>,
    val fresh: () -> B,
    private val plain: (Places, (Endpoint) -> Endpoint, B) -> P,
    private val finish: (P, Whole<B, P>) -> P = { made, _ -> made },
    private val patterns: List<Entry<Whole<B, P>>> = emptyList(),
) {
    /** What servers or clients of this kind are called. */
    val name: String get() = "${word}s of ${if (isDatagram) "datagrams" else "streams"}"

    fun entries(extensions: List<Extension<*, *>>): List<Entry<Whole<B, P>>> =
        options.within(Whole<B, P>::options) + extensionsOf(extensions).flatMap { it.entries() } + patterns

    @Suppress("UNCHECKED_CAST") // Its type says what it extends.
    fun extensionsOf(all: List<Extension<*, *>>): List<Extension<P, *>> = all.filter { it.type == type } as List<Extension<P, *>>

    private fun <X : Any> Extension<P, X>.entries(): List<Entry<Whole<B, P>>> {
        val table = table ?: return schema.within { it.addition(this) }
        return listOf(
            Group(
                table,
                about,
                schema,
                options = emptySet(),
                open = { null },
                fresh = fresh,
                close = { whole, addition -> whole.additions[this] = addition },
                commit = commit,
            ),
        )
    }

    /** @throws IllegalArgumentException if something contradicts something else. */
    fun make(whole: Whole<B, P>, places: Places): P {
        val additions = whole.additions.entries.sortedBy { it.key.table ?: "" }
        val plain = plain(places, { additions.fold(it) { beneath, (extension, _) -> extension.beneath(beneath) } }, whole.options)
        return finish(additions.fold(plain) { made, (extension, addition) -> extension.put(made, addition, places.first) }, whole)
    }

    @Suppress("UNCHECKED_CAST") // Additions are kept with who made them.
    private fun <X : Any> Extension<P, X>.put(made: P, addition: Any, endpoint: Endpoint): P = try {
        extend(made, addition as X, endpoint)
    } catch (e: IllegalArgumentException) {
        throw InExtension(this, e)
    }

    companion object {
        @OptIn(TransportApi::class)
        val streamServer: Shape<ServerOptions.Builder, StreamServer> = Shape(
            "server",
            isDatagram = false,
            StreamServer::class.java,
            Schemas.server,
            { ServerOptions.builder() },
            { places, beneath, builder ->
                val options = builder.build()
                val servers = places.endpoints.map { Hawser.streamServer(beneath(it), options) }
                servers.singleOrNull() ?: StreamServer(servers.first().endpoint, options, FirstFree(servers.first().endpoint, servers))
            },
        )

        val datagramServer: Shape<DatagramServerOptions.Builder, DatagramServer> = Shape(
            "server",
            isDatagram = true,
            DatagramServer::class.java,
            Schemas.datagramServer,
            { DatagramServerOptions.builder() },
            { places, _, builder -> Hawser.datagramServer(places.first, builder.build()) },
        )

        val streamClient: Shape<ClientOptions.Builder, StreamClient> = Shape(
            "client",
            isDatagram = false,
            StreamClient::class.java,
            Schemas.client,
            { ClientOptions.builder() },
            { places, beneath, builder ->
                require(!places.isRange) { "endpoint has a range of ports, and a client connects to one" }
                Hawser.streamClient(beneath(places.first), builder.build())
            },
            { client, whole -> whole.breaker?.let { client.guardedBy(CircuitBreaker(it)) } ?: client },
            patterns(),
        )

        val datagramClient: Shape<DatagramClientOptions.Builder, DatagramClient> = Shape(
            "client",
            isDatagram = true,
            DatagramClient::class.java,
            Schemas.datagramClient,
            { DatagramClientOptions.builder() },
            { places, _, builder -> Hawser.datagramClient(places.first, builder.build()) },
        )

        val all: List<Shape<*, *>> = listOf(streamServer, datagramServer, streamClient, datagramClient)

        /** The first words of tables that have shapes. */
        val words: List<String> = all.map { it.word }.distinct()

        fun of(word: String, isDatagram: Boolean): Shape<*, *> = all.first { it.word == word && it.isDatagram == isDatagram }
    }
}

/** What [extension] has refused. */
@SettingsApi
internal class InExtension(val extension: Extension<*, *>, override val cause: IllegalArgumentException) : RuntimeException(cause)
