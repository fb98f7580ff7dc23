package io.hawser.event

import io.hawser.transport.TransportApi

/** Is told what happens at the moment when it does, and loses nothing: for meters, not for those who do something about it. */
@TransportApi
public fun interface EventTap {
    /**
     * Called by whatever [event] happens to, on event loops too and on several threads at once; for one connection, in order. It may not wait
     * for anything. What it throws is logged, and the next event comes all the same.
     */
    public fun onEvent(event: SocketEvent)
}
