package io.hawser.event

/** Is told what happens, by those who want no flow: `ServerOptions { onEvent { event -> … } }`. */
public fun interface EventListener {
    /**
     * Called on a thread of its own kind, never on an event loop, one event at a time and in their order. One that is slow loses the
     * oldest events, which are counted; what it throws is logged, and the next event comes all the same.
     */
    public fun onEvent(event: SocketEvent)
}
