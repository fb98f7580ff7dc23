@file:JvmName("Tls")
@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.Connection
import io.hawser.Endpoint
import io.hawser.StreamClient
import io.hawser.StreamServer
import io.hawser.transport.TransportApi

/**
 * The same server, speaking TLS on top. Its handshakes are made in the coroutine of each connection, within
 * [io.hawser.ConnectionOptions.handshakeTimeout], and hold up nobody; the handler runs once one has succeeded, and one that has failed is
 * an event. [tlsSession] and, for [io.hawser.ServerOptions.admissionAfterHandshake], [TlsSession.attribute] tell who came.
 *
 * @sample io.hawser.samples.documentation.tlsLayer
 */
public fun StreamServer.tls(tls: ServerTls): StreamServer = through(TlsLayer(tls.side, options.closeTimeout))

/**
 * The same client, speaking TLS on top: `connect` returns when the server has proved to be [serverName], a DNS name or an IP address, by
 * default the host that is connected to. It throws [TlsFailure] if that fails.
 *
 * @throws IllegalArgumentException if [serverName] is neither; or if there is none and this client connects to no host.
 * @sample io.hawser.samples.documentation.tlsLayer
 */
@JvmOverloads
public fun StreamClient.tls(tls: ClientTls, serverName: String = hostOf(endpoint)): StreamClient =
    through(TlsLayer(tls.side(ServerName.of(serverName)), options.closeTimeout))

/**
 * Shakes hands as the server on this connection, and returns it with TLS on top; this one is used up. The peer must not have sent anything
 * yet that has been read and not been asked for: what somebody slipped in before the handshake is never taken for what comes after it
 * (CVE-2011-0411).
 *
 * If it fails or is cancelled the connection is closed.
 *
 * @throws TlsFailure if the handshake fails.
 * @throws io.hawser.HandshakeTimeout if it takes longer than [io.hawser.ConnectionOptions.handshakeTimeout].
 * @throws io.hawser.UnreadInput if there is something that nobody has asked for.
 * @throws IllegalStateException if another coroutine reads or writes, or it has been upgraded before.
 * @sample io.hawser.samples.documentation.upgradeToTls
 */
public suspend fun Connection.startTls(tls: ServerTls): Connection = upgrade(TlsLayer(tls.side, closeTimeout))

/**
 * Shakes hands as the client of [serverName] on this connection, and returns it with TLS on top. Otherwise as for servers.
 *
 * @sample io.hawser.samples.documentation.upgradeToTls
 */
public suspend fun Connection.startTls(tls: ClientTls, serverName: String): Connection =
    upgrade(TlsLayer(tls.side(ServerName.of(serverName)), closeTimeout))

/** What the handshake of this connection has agreed on, or null where there is no TLS. */
public val Connection.tlsSession: TlsSession? get() = attributes[TlsSession.attribute]

private fun hostOf(endpoint: Endpoint): String =
    requireNotNull((endpoint as? Endpoint.Inet)?.host) { "$endpoint has no host: say which name the server's certificate has" }
