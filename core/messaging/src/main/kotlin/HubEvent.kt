package io.hawser.messaging

import java.net.SocketAddress

/** What happened at a [MessageHub]. */
public sealed interface HubEvent {
    /** [client] is registered: from now on it gets what is broadcast. */
    public data class Connected(public val client: ConnectedClient) : HubEvent

    /** [client] is gone, because of [cause] if it failed. */
    public data class Disconnected(public val client: ConnectedClient, public val cause: Throwable?) : HubEvent

    /** Whoever came from [address] was turned away: there are as many clients as there may be. */
    public data class Refused(public val address: SocketAddress) : HubEvent

    /** [client] sent what is no message, as [cause] says. */
    public data class Malformed(public val client: ConnectedClient, public val cause: Throwable) : HubEvent

    /** [client] sent a message though clients may not, and was told. */
    public data class SendRefused(public val client: ConnectedClient) : HubEvent

    /** What [client] sent was dropped: nobody takes what the hub receives as fast as it comes. */
    public data class ReceivedDropped(public val client: ConnectedClient) : HubEvent
}
