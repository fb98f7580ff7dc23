package io.hawser.messaging

/** A [message] that [client] has sent to a hub. */
public class ReceivedMessage internal constructor(public val client: ConnectedClient, public val message: Message) {
    /** What the message says: [Message.data]. */
    public val data: Map<String, Any?> get() = message.data

    /** What the message is for: [Message.type]. */
    public val type: MessageType get() = message.type

    override fun toString(): String = "$message from $client"
}
