package io.hawser.messaging

import io.hawser.Endpoint
import io.hawser.SocketFailure

/** The hub at [endpoint] has ended: nothing is received there any more. */
public class HubClosed(public val endpoint: Endpoint) : SocketFailure("the hub at $endpoint has ended")
