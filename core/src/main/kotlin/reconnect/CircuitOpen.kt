package io.hawser.reconnect

import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.transport.TransportApi
import java.time.Duration

/**
 * Nobody tried to connect to [endpoint], because too many have failed, the last one of them with [cause]. Somebody may in [remaining];
 * if that is zero, somebody else is trying just now.
 */
@OptIn(TransportApi::class)
public class CircuitOpen(endpoint: Endpoint, public val remaining: Duration, cause: Throwable) :
    ConnectFailed(
        endpoint,
        Reason.Other,
        if (remaining.isZero) {
            "its circuit breaker is half open, and somebody else is trying"
        } else {
            "its circuit breaker is open for another ${remaining.toMillis()} ms"
        },
        cause,
    )
