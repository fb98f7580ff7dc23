@file:JvmName("HandlerTracing")

package io.hawser.opentelemetry

import io.hawser.Connection
import io.hawser.KotlinOnly
import io.opentelemetry.api.OpenTelemetry
import io.opentelemetry.api.common.Attributes
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanKind.SERVER
import io.opentelemetry.api.trace.Tracer
import io.opentelemetry.context.Context
import kotlinx.coroutines.CoroutineScope

/**
 * A handler of connections that does what [handler] does, in a span for each connection, which is the root of its trace and current in the
 * handler and in what that launches.
 */
@KotlinOnly
public fun traced(
    openTelemetry: OpenTelemetry,
    handler: suspend CoroutineScope.(Connection) -> Unit,
): suspend CoroutineScope.(Connection) -> Unit {
    val tracer = openTelemetry.hawser
    return { connection ->
        val serving = tracer.serving(connection.id) { served(connection.endpoint, connection.local, connection.remote) }
        serving.around(Throwable::isOurEnd, closing = { it.moved(connection.bytesRead, connection.bytesWritten) }) { handler(connection) }
    }
}

/** Of nothing that was current where the server was started. */
internal inline fun Tracer.serving(id: Long, attributes: () -> Attributes): Running = begin(Context.root()) {
    spanBuilder("serve").setSpanKind(SERVER).setAllAttributes(attributes()).setAttribute("hawser.connection.id", id)
}

internal fun Span.moved(read: Long, written: Long) {
    setAttribute("hawser.bytes.read", read)
    setAttribute("hawser.bytes.written", written)
}
