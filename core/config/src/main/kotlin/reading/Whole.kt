package io.hawser.config.reading

import io.hawser.ClientOptions
import io.hawser.StreamClient
import io.hawser.framing.SessionOptions
import io.hawser.reconnect.CircuitBreakerOptions
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.PoolOptions
import io.hawser.settings.Entry
import io.hawser.settings.Extension
import io.hawser.settings.Schema
import io.hawser.settings.SchemaBuilder
import io.hawser.settings.Schemas
import io.hawser.settings.SettingsApi
import io.hawser.settings.schema

/** All that one table says. */
@SettingsApi
internal class Whole<B : Any, P : Any>(val options: B) {
    /** What collects for extensions. */
    val additions = linkedMapOf<Extension<P, *>, Any>()

    var link: LinkOptions? = null
    var pool: PoolOptions? = null
    var breaker: CircuitBreakerOptions? = null
    var session: SessionOptions? = null

    /** What collects for [extension], which has no table of its own. */
    @Suppress("UNCHECKED_CAST") // Only [extension] makes it.
    fun <X : Any> addition(extension: Extension<P, X>): X = additions.getOrPut(extension) { extension.fresh(null) } as X
}

@SettingsApi
private typealias Client = Whole<ClientOptions.Builder, StreamClient>

/** What a client can be used by. */
@SettingsApi
internal fun patterns(): List<Entry<Client>> = schema<Client> {
    table("reconnect", "how a client that stays connected connects again", Schemas.link, { LinkOptions.builder() }) { link = it.build() }
    table("pool", "how a pool keeps its connections", Schemas.pool, { PoolOptions.builder() }) { pool = it.build() }
    table(
        "circuit-breaker",
        "when nobody may connect for a while; without this table never",
        Schemas.circuitBreaker,
        { CircuitBreakerOptions.builder() },
    ) { breaker = it.build() }
    table("session", "how a session queues and waits", Schemas.session, { SessionOptions.builder() }) { session = it.build() }
}.entries

@SettingsApi
private fun <G : Any> SchemaBuilder<Client>.table(
    name: String,
    about: String,
    schema: Schema<G>,
    fresh: () -> G,
    close: Client.(G) -> Unit,
): Unit = group(name, about, schema, open = { null }, fresh = { fresh() }, close = close)
