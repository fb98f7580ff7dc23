@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.Endpoint
import io.hawser.KotlinOnly
import io.hawser.StreamClient
import io.hawser.StreamServer

/** Tables `[NAME.x]` that a module makes things of. */
@SettingsApi
@KotlinOnly
public class Section<B : Any, T : Any>(
    /** The first word of its tables. */
    public val name: String,
    /** What is made. */
    public val type: Class<T>,
    /** What a table says when there is nothing in it. */
    public val fresh: (name: String) -> B,
    /** What may be in a table. */
    public val schema: Schema<B>,
    /** Makes a new one; or throws an [IllegalArgumentException]. */
    public val make: (B, Parts) -> T,
)

/** The clients and servers that others are made of. */
@SettingsApi
public interface Parts {
    /**
     * The server of streams that is called [name], not started.
     *
     * @throws IllegalArgumentException if there is none of that name, or it is one of datagrams.
     */
    public fun server(name: String): StreamServer

    /**
     * The client of streams that is called [name].
     *
     * @throws IllegalArgumentException if there is none of that name, or it is one of datagrams.
     */
    public fun client(name: String): StreamClient
}

/** What a module has to say about servers and clients that are others'. */
@SettingsApi
@KotlinOnly
public class Extension<P : Any, B : Any>(
    /** What it is about: a `StreamServer`, a `StreamClient`, a `DatagramServer` or a `DatagramClient`. */
    public val type: Class<P>,
    /** The name of the table within the table, or null for keys beside the others. */
    public val table: String?,
    /** One line for people. */
    public val about: String,
    /** What may be written. */
    public val schema: Schema<B>,
    /** As that of a [Group]. */
    public val fresh: (earlier: B?) -> B,
    /** Why it has nothing to say about what is at this endpoint, or null. */
    public val refusal: (Endpoint) -> String?,
    /** The endpoint that is served or connected to beneath it. */
    public val beneath: (Endpoint) -> Endpoint = { it },
    /** Whether it is needed at this endpoint, so that nothing goes without it. */
    public val isNeeded: (Endpoint) -> Boolean = { false },
    /** Makes of one without it, for this endpoint, one with it; or throws an [IllegalArgumentException]. */
    public val extend: (P, B, Endpoint) -> P,
    /** As that of a [Group]. */
    public val commit: (B) -> Set<String> = { emptySet() },
)

/**
 * What a module has that can be said in files.
 *
 * A module names its class, which has a constructor without parameters, in `META-INF/services/io.hawser.settings.SettingsProvider`
 * ([java.util.ServiceLoader]).
 */
@SettingsApi
@KotlinOnly
public interface SettingsProvider {
    /** The tables that the module makes things of. */
    public val sections: List<Section<*, *>> get() = emptyList()

    /** What it has to say about servers and clients. */
    public val extensions: List<Extension<*, *>> get() = emptyList()
}
