package io.hawser.messaging

/** What has become of a message that a [MessageHub] was given to send. */
public sealed interface SendResult {
    /** It was taken into the queues of so many [clients], at least one; those that it did not fit into have lost it, which is counted. */
    public data class Delivered(public val clients: Int) : SendResult

    /** Nobody is connected: it is in the backlog, for whoever comes first. */
    public data object Queued : SendResult

    /** There is no such client, or none that was meant. */
    public data object NoSuchClient : SendResult

    /** It fits into no queue that it was for, and was dropped, which is counted. */
    public data object Overflowed : SendResult
}
