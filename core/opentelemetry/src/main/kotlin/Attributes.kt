package io.hawser.opentelemetry

import io.hawser.CloseReason
import io.hawser.ConnectFailed
import io.hawser.ConnectionClosed
import io.hawser.Endpoint
import io.opentelemetry.api.common.AttributeKey
import io.opentelemetry.api.common.Attributes
import io.opentelemetry.api.common.AttributesBuilder
import io.opentelemetry.api.trace.Span
import io.opentelemetry.api.trace.StatusCode
import java.io.InterruptedIOException
import java.net.Inet6Address
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.net.SocketTimeoutException
import java.nio.channels.ClosedByInterruptException

// The names are those of the semantic conventions, where these have some.
private val SERVER_ADDRESS = AttributeKey.stringKey("server.address")
private val SERVER_PORT = AttributeKey.longKey("server.port")
private val TRANSPORT = AttributeKey.stringKey("network.transport")
private val TYPE = AttributeKey.stringKey("network.type")
private val ERROR_TYPE = AttributeKey.stringKey("error.type")
private val EXCEPTION_MESSAGE = AttributeKey.stringKey("exception.message")

/** Whom a client connects to. */
internal fun Endpoint.asServer(): Attributes = Attributes.builder().server(this).put(TRANSPORT, transport).build()

/** What a broker at this endpoint is known by. */
internal fun Endpoint.asBroker(): Attributes = Attributes.builder().server(this).build()

/** Both ends of a connection whose [remote] is at [endpoint], as its server sees them. */
internal fun served(endpoint: Endpoint, local: SocketAddress, remote: SocketAddress): Attributes =
    Attributes.builder().server(Endpoint.of(endpoint.scheme, local)).put(TRANSPORT, endpoint.transport).end("peer", remote).build()

/** Both ends of a connection. */
internal fun ends(local: SocketAddress, remote: SocketAddress): Attributes =
    Attributes.builder().end("local", local).end("peer", remote).build()

private fun AttributesBuilder.server(endpoint: Endpoint): AttributesBuilder = when (endpoint) {
    is Endpoint.Inet -> put(SERVER_ADDRESS, endpoint.host).put(SERVER_PORT, endpoint.port.toLong())
    is Endpoint.Local -> put(SERVER_ADDRESS, endpoint.name)
}

private fun AttributesBuilder.end(side: String, address: SocketAddress): AttributesBuilder = apply {
    if (address is InetSocketAddress) {
        put("network.$side.address", address.address?.hostAddress ?: address.hostString)
        put("network.$side.port", address.port.toLong())
        if (side == "peer") put(TYPE, if (address.address is Inet6Address) "ipv6" else "ipv4")
    } else if ("$address".isNotEmpty()) {
        put("network.$side.address", "$address")
    }
}

/** What carries the bytes, by the scheme. */
private val Endpoint.transport: String
    get() = when {
        scheme.startsWith("tcp") || scheme == "tls" -> "tcp"
        else -> scheme
    }

/** Nobody wanted it any more, which is no error. */
internal fun Span.cancelled() {
    addEvent("cancelled")
}

/** A thread was to stop waiting. */
internal val Throwable.isInterrupt: Boolean
    get() = this is InterruptedException || this is ClosedByInterruptException ||
        (this is InterruptedIOException && this !is SocketTimeoutException)

/** We have closed the connection ourselves, as a server does that ends. */
internal val Throwable.isOurEnd: Boolean get() = this is ConnectionClosed && reason == CloseReason.Local

/** It failed with [cause]. */
internal fun Span.fail(cause: Throwable) {
    setStatus(StatusCode.ERROR, cause.message.orEmpty())
    setAttribute(ERROR_TYPE, cause.errorType)
    recordException(cause)
}

internal fun Span.fail(code: Int, reason: String) {
    setStatus(StatusCode.ERROR, reason)
    setAttribute(ERROR_TYPE, "$code")
}

/** What an event says of [cause]. */
internal fun failure(cause: Throwable): AttributesBuilder =
    Attributes.builder().put(ERROR_TYPE, cause.errorType).put(EXCEPTION_MESSAGE, cause.message.orEmpty())

/** Where there are reasons, the reason, as `timed_out`; else the class. */
private val Throwable.errorType: String
    get() = if (this is ConnectFailed) reason.name.replace(Regex("(?<=[a-z])(?=[A-Z])"), "_").lowercase() else javaClass.name
