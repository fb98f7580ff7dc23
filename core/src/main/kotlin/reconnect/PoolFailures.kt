package io.hawser.reconnect

import io.hawser.Endpoint
import io.hawser.SocketFailure
import java.time.Duration

/** No connection to [endpoint] could be borrowed within [timeout], for waiting, connecting and checking together. */
public class PoolTimeout(
    public val endpoint: Endpoint,
    public val timeout: Duration,
    /** How many there were, those being made for others or being closed included. */
    public val size: Int,
    /** How many there may be: [PoolOptions.maxConnections]. */
    public val maxConnections: Int,
) : SocketFailure(
    "no connection to $endpoint could be borrowed within ${timeout.toMillis()} ms: there were $size of at most $maxConnections",
)

/** The pool of connections to [endpoint] has been closed, or shuts down: nobody borrows from it any more. */
public class PoolClosed(public val endpoint: Endpoint) : SocketFailure("the pool of connections to $endpoint is closed")
