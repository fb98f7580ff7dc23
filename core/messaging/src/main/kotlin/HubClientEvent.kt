package io.hawser.messaging

/** What a [HubClient] hears beside messages. */
public sealed interface HubClientEvent {
    /** The hub has said who it is: the client is [id] there, may send frames of up to [maxFrame] bytes, and messages only if [maySend]. */
    public data class Welcomed(public val id: String, public val maxFrame: Long, public val maySend: Boolean) : HubClientEvent

    /** The hub has dropped a message of the client's, because of [reason]. */
    public data class SendRefused(public val reason: String) : HubClientEvent

    /** The hub has sent what is no message, as [cause] says; it was passed over. */
    public data class Malformed(public val cause: Throwable) : HubClientEvent

    /** The hub has ended in peace: the connection ends next. */
    public data object ShuttingDown : HubClientEvent
}
