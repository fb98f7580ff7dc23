package io.hawser.samples.readme.modules

import io.hawser.Hawser
import io.hawser.messaging.HubClient
import io.hawser.messaging.MessageHub
import io.hawser.tcp.Tcp
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first

suspend fun main(): Unit = coroutineScope {
    MessageHub(Tcp.server(port = 0), event = "progress").start(this).use { hub ->
        hub.broadcast(mapOf("step" to 1)) // nobody is there yet: it is kept for whoever comes first
        HubClient(Hawser.streamClient(hub.endpoint), event = "progress").start(this).use { client ->
            val message = client.messages.first()
            println("${message.eventName}: ${message.data}")
        }
    }
}
