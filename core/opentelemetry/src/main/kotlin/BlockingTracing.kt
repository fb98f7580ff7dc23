@file:JvmName("BlockingTracing")

package io.hawser.opentelemetry

import io.hawser.blocking.BlockingHandler
import io.opentelemetry.api.OpenTelemetry

/** A handler on a thread of its own that does what [handler] does, in a span for each connection, which is current there. */
public fun tracedBlocking(openTelemetry: OpenTelemetry, handler: BlockingHandler): BlockingHandler {
    val tracer = openTelemetry.hawser
    return BlockingHandler { connection ->
        val serving = tracer.serving(connection.id) { served(connection.endpoint, connection.local, connection.remote) }
        serving.aroundBlocking({ it.isOurEnd }, closing = { it.moved(connection.bytesRead, connection.bytesWritten) }) {
            handler.handle(connection)
        }
    }
}
