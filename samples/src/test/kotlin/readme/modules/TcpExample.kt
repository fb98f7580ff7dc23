package io.hawser.samples.readme.modules

import io.hawser.ClientOptions
import io.hawser.tcp.Tcp
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

suspend fun main(): Unit = coroutineScope {
    val server = Tcp.server(port = 0).start(this) { connection ->
        connection.lines().collect { line -> connection.writeLine(line.uppercase()) }
    }
    server.use {
        val client = Tcp.client("localhost", server.port, ClientOptions { connectTimeout = 3.seconds })
        client.connect { connection ->
            connection.writeLine("hello")
            println(connection.readLine())
        }
    }
}
