package io.hawser.micrometer

import io.hawser.copyTo
import io.hawser.reconnect.CircuitBreaker
import io.hawser.reconnect.pooled
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.Memory
import io.micrometer.core.instrument.simple.SimpleMeterRegistry
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking

/** Run by a class loader that has no hubs and no brokers. */
internal object Unaided {
    /** The meters of all that there is. */
    @JvmStatic
    fun names(): String = runBlocking {
        coroutineScope {
            val registry = SimpleMeterRegistry()
            val server = Memory.server().start(this) { it.copyTo(it) }
            val client = Memory.client(server)
            val all = listOf(
                ServerMetrics(server),
                ServerEventMetrics(server),
                ClientMetrics(client),
                LinkMetrics(client.reconnecting()),
                PoolMetrics(client.pooled()),
                CircuitBreakerMetrics(CircuitBreaker(), "none"),
            )
            all.forEach { it.bindTo(registry) }
            val names = registry.meters.joinToString { it.id.name }
            all.forEach(HawserMetrics::close)
            server.close()
            names
        }
    }
}
