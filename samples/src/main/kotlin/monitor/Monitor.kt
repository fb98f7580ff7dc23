package io.hawser.samples.monitor

import io.hawser.Endpoint
import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.samples.tls.inTermsOf
import io.hawser.samples.tls.streamServer
import io.hawser.tls.ServerTls
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelChildren
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.shareIn

/** How many may watch at a time. */
private const val MAX_WATCHERS = 16

/** Who takes nothing for so long watches no more. */
private val SLOWEST = 10.seconds

/**
 * Sends [snapshots], as lines of JSON, to whoever connects to [endpoint], while [block] runs; [onStart] is told where that is.
 *
 * Whoever is too slow misses some, and holds up nobody: it has an event loop of its own. While nobody is connected the flow is not
 * collected.
 *
 * @throws io.hawser.BindFailed if it cannot listen there.
 * @throws io.hawser.tls.InvalidTlsConfiguration if there is to be TLS, and what [tls] makes is of no use.
 */
internal suspend fun monitored(
    endpoint: Endpoint,
    snapshots: Flow<Snapshot>,
    tls: () -> ServerTls,
    onStart: (Endpoint) -> Unit,
    block: suspend () -> Unit,
) {
    val loop = EventLoopOptions {
        name = "hawser-monitor"
        loops = 1
    }
    EventLoopGroup(loop).use { loops ->
        coroutineScope {
            val options = ServerOptions {
                group = loops
                maxConnections = MAX_WATCHERS
                writeTimeout = SLOWEST
            }
            val lines = snapshots.map { "${it.toJson()}\n".encodeToByteArray() }.flowOn(Dispatchers.Default).conflate()
                .shareIn(this, SharingStarted.WhileSubscribed(replayExpirationMillis = 0), replay = 1)
            val server = streamServer(endpoint, options, tls).start(this) { watcher ->
                lines.collect { watcher.write(ByteBuffer.wrap(it)) }
            }
            onStart(server.endpoint.inTermsOf(endpoint))
            block()
            server.close()
            coroutineContext.cancelChildren()
        }
    }
}
