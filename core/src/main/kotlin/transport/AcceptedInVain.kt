package io.hawser.transport

import java.io.IOException

/**
 * Somebody has connected, but his socket could not be made ready for use, because of the [cause]: it has been closed.
 *
 * That is his loss alone. Unlike with other failures of [Listener.accept] there is nothing to wait for before the next call, which cannot
 * meet the same one again.
 */
@TransportApi
public class AcceptedInVain(cause: Throwable) : IOException("a connection was accepted in vain: ${cause.message ?: cause}", cause)
