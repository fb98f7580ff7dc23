package io.hawser.testkit.contract

import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.KotlinOnly
import io.hawser.RunningServer
import io.hawser.ServerOptions
import io.hawser.SocketOptions
import io.hawser.StreamClient
import io.hawser.StreamServer
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope

/**
 * A stream transport, or a stack of layers over one, as the contracts see it.
 *
 * [context] is where the tests themselves run: contracts hold on an event loop and off it.
 */
@KotlinOnly
public class ContractTransport(
    /** Makes a server with these options, on an address of its own. */
    public val server: (ServerOptions) -> StreamServer,
    /** Makes a client of a server that runs, with these options. */
    public val client: (RunningServer, ClientOptions) -> StreamClient,
    public val context: CoroutineContext = EmptyCoroutineContext,
    /** Whether the peer of an abort can tell it from an end, which Unix sockets cannot. */
    public val resets: Boolean = true,
    /**
     * Whether bytes travel in records, as under TLS: one that has been taken may be half on its way, and the peer can tell a cut from an
     * end.
     */
    public val hasRecords: Boolean = false,
    /** A server where another one has been, for clients that come back to it. */
    public val successor: (RunningServer) -> StreamServer = { error("no successor of $it") },
) {
    /** The same transport, tested from coroutines that run in [context]. */
    public fun inContext(context: CoroutineContext): ContractTransport =
        ContractTransport(server, client, context, resets, hasRecords, successor)

    /** Runs [block] with the two ends of one connection, `near` the client's, over [sockets], and closes whatever it leaves open. */
    public suspend fun <R> connected(
        sockets: SocketOptions = SocketOptions(),
        block: suspend CoroutineScope.(near: Connection, far: Connection) -> R,
    ): R = coroutineScope {
        val accepted = CompletableDeferred<Connection>()
        val patient = ServerOptions {
            socket = sockets
            handshakeTimeout = HANG
        }
        val running = server(patient).start(this) { connection ->
            accepted.complete(connection)
            connection.awaitClosed()
        }
        running.use {
            client(running, patiently(sockets)).connect().use { near ->
                accepted.await().use { far -> coroutineScope { block(near, far) } }
            }
        }
    }

    /** Runs [block] with a server that does [handler], and a client of it. */
    public suspend fun <R> serving(
        handler: suspend CoroutineScope.(Connection) -> Unit,
        options: ServerOptions = ServerOptions { handshakeTimeout = HANG },
        block: suspend CoroutineScope.(RunningServer, StreamClient) -> R,
    ): R = coroutineScope {
        server(options).start(this, handler).use { running ->
            coroutineScope { block(running, client(running, patiently())) }
        }
    }

    /** The first handshake of a process takes long where everything stalls. */
    private fun patiently(sockets: SocketOptions = SocketOptions()) = ClientOptions {
        socket = sockets
        connectTimeout = HANG
        handshakeTimeout = HANG
    }
}
