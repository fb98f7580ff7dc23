package io.hawser.messaging

import io.hawser.Endpoint
import io.hawser.SocketFailure

/** The hub at [endpoint] has turned the client away: [reason] is what it said. */
public class HubRefused(public val endpoint: Endpoint, public val reason: String) : SocketFailure("the hub at $endpoint refuses: $reason")
