package io.hawser.samples.readme.modules

import io.hawser.copyTo
import io.hawser.micrometer.ServerMetrics
import io.hawser.tcp.Tcp
import io.micrometer.core.instrument.simple.SimpleMeterRegistry
import kotlinx.coroutines.coroutineScope

suspend fun main(): Unit = coroutineScope {
    val registry = SimpleMeterRegistry()
    val server = Tcp.server(port = 0).start(this) { connection -> connection.copyTo(connection) }
    server.use {
        ServerMetrics(server).bindTo(registry)
        Tcp.client("127.0.0.1", server.port).connect { connection ->
            connection.writeLine("hello")
            connection.readLine()
        }
        println("${registry.get("hawser.server.read").functionCounter().count()} bytes read")
    }
}
