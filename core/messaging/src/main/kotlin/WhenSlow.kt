package io.hawser.messaging

/** What happens to a message for a client that takes less than it is sent, once its queue is full. */
public enum class WhenSlow {
    /** The message that has waited longest is dropped. */
    DropOldest,

    /** The message that has just come is dropped. */
    DropNewest,

    /** The client is disconnected: it would miss something, and can know that it has. */
    Disconnect,

    /** The sender waits, for this client and all others: give the server a `writeTimeout`, for one that has vanished without a word. */
    Suspend,
}
