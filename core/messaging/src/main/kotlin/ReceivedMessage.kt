package io.hawser.messaging

/** A [message] that [client] has sent to a hub. */
public class ReceivedMessage internal constructor(public val client: ConnectedClient, public val message: Message) {
    public val data: Map<String, Any?> get() = message.data

    public val type: MessageType get() = message.type

    override fun toString(): String = "$message from $client"
}
