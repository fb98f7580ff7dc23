@file:JvmName("ClientTracing")

package io.hawser.opentelemetry

import io.hawser.ConnectFailed
import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.SocketOptions
import io.hawser.StreamClient
import io.hawser.transport.Connector
import io.hawser.transport.DialGuard
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.opentelemetry.api.OpenTelemetry
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.SpanKind.CLIENT
import io.opentelemetry.api.trace.Tracer
import io.opentelemetry.context.Context
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/**
 * The same client, with a span around each connect: from its beginning until the connection can be used, layers included, below the span that is
 * current where it is called. Events of it are `address.failed`, for each address of a name that did not answer, `dialed`, when the transport
 * is connected, and `ready`, when layers such as TLS have shaken hands.
 *
 * Links, pools, hubs' clients, consumers and providers that are made of it connect by it. A circuit breaker that is put before it afterwards
 * makes no spans while it is open.
 */
@OptIn(TransportApi::class)
public fun StreamClient.traced(openTelemetry: OpenTelemetry): StreamClient =
    over(TracedConnector(connector)).guardedBy(TracedDial(openTelemetry.hawser))

@OptIn(TransportApi::class)
private class TracedDial(private val tracer: Tracer) : DialGuard {
    override suspend fun dial(endpoint: Endpoint, dial: suspend () -> Connection): Connection {
        // Held here, because a cancellation on the way back would drop the result.
        var opened: Connection? = null
        try {
            val connecting = begin(Context.current()) {
                tracer.spanBuilder("connect").setSpanKind(CLIENT).setAllAttributes(endpoint.asServer())
            }
            return connecting.around {
                val connection = withContext(Dialing(connecting.span)) { dial().also { opened = it } }
                quietly { connecting.span.addEvent("ready") }
                connection
            }
        } catch (e: Throwable) {
            opened?.abort()
            throw e
        }
    }
}

/** The span of a connect, for what connects beneath it. */
private class Dialing(val span: Span) : AbstractCoroutineContextElement(Dialing) {
    companion object : CoroutineContext.Key<Dialing>
}

@OptIn(TransportApi::class)
private class TracedConnector(private val connector: Connector) : Connector by connector {
    override suspend fun connect(socket: SocketOptions, failed: (ConnectFailed) -> Unit): RawStream {
        val span = currentCoroutineContext()[Dialing]?.span ?: return connector.connect(socket, failed)
        val stream = connector.connect(socket) { failure ->
            quietly { span.addEvent("address.failed", failure(failure).build()) }
            failed(failure)
        }
        quietly {
            span.setAllAttributes(ends(stream.local, stream.remote))
            span.addEvent("dialed")
        }
        return stream
    }
}
