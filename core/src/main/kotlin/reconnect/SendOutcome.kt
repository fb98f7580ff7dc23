package io.hawser.reconnect

/** What has become of a message that a [ReconnectingClient] was given to send. */
public enum class SendOutcome {
    /** The transport, or the outermost layer over it, has taken all of it. Whether the peer got it, only the peer can say. */
    Sent,

    /** Nobody is connected: it waits, and leaves in its turn before what is sent later, unless it has to make room or the link stops. */
    Queued,

    /** There is no room for it, or the connection broke in the middle of it: it is not sent again, so that nobody gets it twice. */
    Dropped,
}
