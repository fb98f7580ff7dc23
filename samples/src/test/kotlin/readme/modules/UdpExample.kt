package io.hawser.samples.readme.modules

import io.hawser.udp.Udp
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

suspend fun main(): Unit = coroutineScope {
    val server = Udp.server(port = 0).start(this) { datagram ->
        reply(datagram.text.uppercase().encodeToByteArray())
    }
    server.use {
        val client = Udp.client("127.0.0.1", server.port)
        val answer = client.request("hello".encodeToByteArray(), timeout = 2.seconds, retries = 4)
        println(answer.text)
    }
}
