package io.hawser.transport

import io.hawser.Connection
import io.hawser.Endpoint

/**
 * Stands around each connect of a client: decides whether it may connect just now, and sees how that goes. Put there with
 * [io.hawser.StreamClient.guardedBy]; a client without one does not pay for it.
 */
@TransportApi
public fun interface DialGuard {
    /**
     * Returns what [dial] does, which connects to [endpoint], layers included; called at most once. Cancelled on its way back with a
     * connection, it closes that.
     *
     * @throws io.hawser.ConnectFailed without trying, or whatever [dial] throws.
     */
    public suspend fun dial(endpoint: Endpoint, dial: suspend () -> Connection): Connection
}
