package io.hawser.micrometer

import io.hawser.reconnect.Pool
import io.micrometer.core.instrument.Tag

/** Who has the connections of [pool], looked at when the registry is: `hawser.pool.*`. */
public class PoolMetrics @JvmOverloads constructor(
    private val pool: Pool,
    tags: Iterable<Tag> = emptyList(),
) : HawserMetrics(tagsOf(pool.endpoint, tags)) {
    override fun Meters.register() {
        gauge("hawser.pool.connections", pool, "connections", "Connections, whatever they are doing") { it.size }
        gauge("hawser.pool.max", pool, "connections", "Connections that there may be") { it.options.maxConnections }
        gauge("hawser.pool.idle", pool, "connections", "Connections that wait to be borrowed") { it.idle }
        gauge("hawser.pool.borrowed", pool, "connections", "Connections that somebody has, or makes in order to have it") { it.borrowed }
        gauge("hawser.pool.waiting", pool, "borrowers", "Who waits for a connection") { it.waiting }
    }

    override suspend fun watch(): Unit = pool.awaitClosed()
}
