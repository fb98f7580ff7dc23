package io.hawser.messaging

import io.hawser.Endpoint
import io.hawser.SocketFailure

/** Who listens at [endpoint] speaks of the event [actual], and not of [expected]. */
public class WrongEvent(public val endpoint: Endpoint, public val expected: String, public val actual: String) :
    SocketFailure("the hub at $endpoint speaks of $actual, not of $expected")
