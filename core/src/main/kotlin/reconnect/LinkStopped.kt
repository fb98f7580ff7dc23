package io.hawser.reconnect

import io.hawser.Endpoint
import io.hawser.SocketFailure

/** The link to [endpoint] has been stopped, or gave up because of [cause]: it does not connect any more. */
public class LinkStopped(public val endpoint: Endpoint, cause: Throwable? = null) :
    SocketFailure("the link to $endpoint " + if (cause == null) "has been stopped" else "has given up: ${cause.message ?: cause}", cause)
