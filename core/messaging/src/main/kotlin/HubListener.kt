package io.hawser.messaging

/**
 * Is told what happens at a [MessageHub], for each client in order, on the event loop that serves it: so it must not block. What it throws
 * is logged, and changes nothing. Override what is wanted.
 */
public interface HubListener {
    /** [client] is registered, and has been given the backlog. */
    public fun onConnected(client: ConnectedClient) {}

    /** [client] is gone, because of [cause] if it failed. */
    public fun onDisconnected(client: ConnectedClient, cause: Throwable?) {}

    /** [received] has come, and goes to [MessageHub.received] next. */
    public fun onMessage(received: ReceivedMessage) {}
}
