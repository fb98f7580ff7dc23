package io.hawser.samples.readme.modules

import io.hawser.Hawser
import io.hawser.framing.Lines
import io.hawser.framing.framed
import kotlinx.coroutines.coroutineScope

suspend fun main(args: Array<String>): Unit = coroutineScope {
    val endpoint = args.firstOrNull() ?: "tcp://127.0.0.1:0"
    val numbers = Lines(maxLength = 20).map(String::toLong, Long::toString)
    val server = Hawser.streamServer(endpoint).start(this) { connection ->
        val frames = connection.framed(numbers)
        frames.incoming.collect { frames.send(it * it) }
    }
    server.use {
        Hawser.streamClient(server.endpoint).connect { connection ->
            val frames = connection.framed(numbers)
            frames.sendAll(listOf(7, 12))
            println("${frames.receive()} and ${frames.receive()}")
        }
    }
}
