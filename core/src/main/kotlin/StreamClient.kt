package io.hawser

import io.hawser.transport.Connector
import io.hawser.transport.Layer
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.hawser.transport.wrap
import kotlin.time.toJavaDuration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeoutOrNull

/** A client of byte streams: whom it connects to, and how. It holds nothing; each connection is its caller's. */
@OptIn(TransportApi::class)
public class StreamClient @TransportApi constructor(
    public val endpoint: Endpoint,
    public val options: ClientOptions,
    private val connector: Connector,
    private val layers: List<Layer> = emptyList(),
) {
    /** The same client with [layer] on top of each connection. */
    @TransportApi
    public fun through(layer: Layer): StreamClient = StreamClient(endpoint, options, connector, layers + layer)

    /**
     * Connects, and returns the connection, which the caller closes. Cancelling it leaves nothing open.
     *
     * @throws ConnectTimeout after [ClientOptions.connectTimeout].
     * @throws ConnectFailed if there is nobody to talk to.
     */
    public suspend fun connect(): Connection {
        // Held here, because a cancellation on the way back from another thread would drop the result.
        var opened: RawStream? = null
        try {
            return dispatched {
                withTimeoutOrNull(options.connectTimeout) { opened = connector.connect() }
                val stream = opened ?: throw ConnectTimeout(endpoint, options.connectTimeout.toJavaDuration())
                Connection(layers.wrap(stream).also { opened = it })
            }
        } catch (e: Throwable) {
            opened?.abort()
            throw e
        }
    }

    /**
     * Connects, runs [block] in a scope of the connection's own, waits for what it launched, and closes the connection, however the
     * block ends.
     *
     * @throws ConnectTimeout after [ClientOptions.connectTimeout].
     * @throws ConnectFailed if there is nobody to talk to.
     */
    public suspend fun <R> connect(block: suspend CoroutineScope.(Connection) -> R): R =
        connect().use { connection -> coroutineScope { block(connection) } }

    override fun toString(): String = "client of $endpoint"
}
