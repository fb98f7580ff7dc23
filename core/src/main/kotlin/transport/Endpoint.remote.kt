package io.hawser.transport

import io.hawser.Endpoint
import io.hawser.isEverywhere
import io.hawser.refuse

/**
 * Checks that a client can connect there.
 *
 * @throws IllegalArgumentException unless it has a host that is one, and a port.
 */
@TransportApi
public fun Endpoint.Inet.requireRemote() {
    if (isEverywhere) refuse("a client needs a host", toString())
    if (port == 0) refuse("a client needs a port", toString())
}
