package io.hawser.samples.readme.modules

import io.hawser.broker.Broker
import io.hawser.broker.Consumer
import io.hawser.broker.Provider
import io.hawser.tcp.Tcp
import java.util.UUID
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

suspend fun main(): Unit = coroutineScope {
    val upper = UUID.randomUUID()
    Broker(Tcp.server(port = 0)).start(this).use { broker ->
        val client = Tcp.client("127.0.0.1", broker.port)
        val provider = Provider(client, upper).start(this) { request ->
            reply(request.bytes().decodeToString().uppercase().encodeToByteArray())
        }
        provider.use {
            provider.awaitRegistered()
            Consumer(client, upper).start(this).use { consumer ->
                println(consumer.request("hello".encodeToByteArray(), timeout = 30.seconds).decodeToString())
            }
        }
    }
}
