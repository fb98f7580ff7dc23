@file:OptIn(SettingsApi::class)

package io.hawser.settings

import io.hawser.ClientOptions
import io.hawser.ConnectionOptions
import io.hawser.DatagramClientOptions
import io.hawser.DatagramOptions
import io.hawser.DatagramServerOptions
import io.hawser.KotlinOnly
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.framing.SessionOptions
import io.hawser.reconnect.CircuitBreakerOptions
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.PoolOptions
import kotlin.reflect.KMutableProperty1

/** What can be written about the options of this module. */
@SettingsApi
@KotlinOnly
public object Schemas {
    /** Of a table `socket`, wherever there is one. */
    public val socket: Schema<SocketOptions.Builder> = socketSchema

    /** Of a server of streams. */
    public val server: Schema<ServerOptions.Builder> = schema {
        setting(ServerOptions.Builder::backlog, Kinds.count, "connections the kernel holds until they are accepted")
        setting(ServerOptions.Builder::maxConnections, Kinds.limit, "connections at a time")
        setting(ServerOptions.Builder::whenFull, Kinds.enum(), "what happens to those over `max-connections`")
        setting(ServerOptions.Builder::maxConnectionsPerHost, Kinds.limit, "connections at a time from one address")
        setting(ServerOptions.Builder::acceptRate, Kinds.limit, "connections accepted per second")
        setting(ServerOptions.Builder::acceptRatePerHost, Kinds.limit, "connections accepted per second from one address; more are refused")
        setting(ServerOptions.Builder::totalReadRate, rate, "bytes per second that all connections together may bring")
        setting(ServerOptions.Builder::totalWriteRate, rate, "bytes per second that all connections together may take")
        setting(ServerOptions.Builder::onDrain, Kinds.enum(), "what a shutdown does to connections")
        connections()
        admission(ServerOptions.Builder::admission)
        admissionClasses()
        socket(ServerOptions.Builder::socket)
        codeOnly("admissionAfterHandshake", "a rule about what layers know is code")
        codeOnly("handlerContext", "a dispatcher is an object")
    }

    /** Of a client of streams, without how it stays connected. */
    public val client: Schema<ClientOptions.Builder> = schema {
        setting(ClientOptions.Builder::connectTimeout, Kinds.timeout, "for name resolution and all addresses together")
        setting(ClientOptions.Builder::attemptDelay, Kinds.timeout, "how long one address is given before the next is tried beside it")
        connections()
        socket(ClientOptions.Builder::socket)
    }

    /** Of a server of datagrams. */
    public val datagramServer: Schema<DatagramServerOptions.Builder> = schema {
        setting(DatagramServerOptions.Builder::concurrency, Kinds.count, "handlers at a time")
        setting(DatagramServerOptions.Builder::queueCount, Kinds.count, "datagrams that wait for a handler")
        setting(DatagramServerOptions.Builder::queueBytes, Kinds.size, "the bytes of those together")
        setting(DatagramServerOptions.Builder::whenQueueFull, Kinds.enum(), "what happens to those over either")
        setting(DatagramServerOptions.Builder::replyRate, Kinds.limit, "replies per second; more are dropped")
        setting(DatagramServerOptions.Builder::replyTimeout, Kinds.timeout, "for as long a reply waits for room")
        datagrams()
        admission(DatagramServerOptions.Builder::admission)
        socket(DatagramServerOptions.Builder::socket)
        codeOnly("handlerContext", "a dispatcher is an object")
    }

    /** Of a client of datagrams. */
    public val datagramClient: Schema<DatagramClientOptions.Builder> = schema {
        setting(DatagramClientOptions.Builder::openTimeout, Kinds.timeout, "for looking the peer's name up")
        datagrams()
        socket(DatagramClientOptions.Builder::socket)
    }

    /** Of a table `reconnect`: how a client stays connected. */
    public val link: Schema<LinkOptions.Builder> = linkSchema

    /** Of a table `pool`. */
    public val pool: Schema<PoolOptions.Builder> = poolSchema

    /** Of a table `circuit-breaker`. */
    public val circuitBreaker: Schema<CircuitBreakerOptions.Builder> = circuitBreakerSchema

    /** Of a table `session`. */
    public val session: Schema<SessionOptions.Builder> = schema {
        setting(SessionOptions.Builder::maxMessages, Kinds.count, "messages that wait to leave")
        setting(SessionOptions.Builder::maxBytes, Kinds.size, "bytes of them together")
        setting(SessionOptions.Builder::sendTimeout, Kinds.timeout, "how long a message may take to leave once its turn has come")
        setting(SessionOptions.Builder::receiveTimeout, Kinds.timeout, "how long a whole message may take to come")
    }

    /** The first words of tables that only some module knows, with the artifact that brings it. */
    public val sections: Map<String, String> = mapOf(
        "hub" to "hawser-messaging",
        "hub-client" to "hawser-messaging",
        "named-hubs" to "hawser-messaging",
        "broker" to "hawser-broker",
        "consumer" to "hawser-broker",
        "consumer-pool" to "hawser-broker",
        "provider" to "hawser-broker",
    )

    /** The same, and the names in tables. */
    public val artifacts: Map<String, String> = sections + mapOf(
        "tls" to "hawser-tls",
        "mode" to "hawser-unix",
        "group" to "hawser-unix",
        "bind-to" to "hawser-unix",
    )
}

private val rate: Kind<Long> get() = Kinds.rate.or("none", Long.MAX_VALUE)

private fun <B : ConnectionOptions.Builder<B>> SchemaBuilder<B>.connections() {
    setting(ConnectionOptions.Builder<B>::handshakeTimeout, Kinds.timeout, "for all layers of a connection, such as TLS, together")
    setting(ConnectionOptions.Builder<B>::readTimeout, Kinds.timeout, "how long a read waits for the next byte")
    setting(ConnectionOptions.Builder<B>::writeTimeout, Kinds.timeout, "how long a write waits for the peer to take another byte")
    setting(ConnectionOptions.Builder<B>::idleTimeout, Kinds.timeout, "how long no byte may move in either direction")
    setting(ConnectionOptions.Builder<B>::closeTimeout, Kinds.timeout, "how long a layer may take to send what it has at a close")
    setting(ConnectionOptions.Builder<B>::readRate, rate, "bytes per second that a connection may bring")
    setting(ConnectionOptions.Builder<B>::writeRate, rate, "bytes per second that a connection may take")
    codeOnly("group", "event loops are made and closed by code")
    codeOnly("onEvent", "a listener is code")
}

private fun <B : DatagramOptions.Builder<B>> SchemaBuilder<B>.datagrams() {
    setting(DatagramOptions.Builder<B>::maxDatagramSize, Kinds.size(1..16 * 1024 * 1024), "the most bytes of a datagram that are received")
    codeOnly("group", "event loops are made and closed by code")
    codeOnly("onEvent", "a listener is code")
}

private fun <B : Any> SchemaBuilder<B>.socket(property: KMutableProperty1<in B, SocketOptions>): Unit = group(
    "socket",
    "what the operating system is asked for",
    socketSchema,
    open = { property.get(it).toBuilder() },
    fresh = { SocketOptions.builder() },
    close = { builder, socket -> property.set(builder, socket.build()) },
)
