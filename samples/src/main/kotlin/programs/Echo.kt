package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.copyTo

/** An echo server on the endpoint it is told, until it is killed. */
public suspend fun main(args: Array<String>) {
    val endpoint = args.firstOrNull() ?: "tcp://127.0.0.1:9002"
    Hawser.streamServer(endpoint).serve(onStart = { println("echoes on ${it.endpoint}") }) { connection ->
        connection.copyTo(connection)
    }
}
