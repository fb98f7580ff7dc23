package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.RunningServer
import io.hawser.copyTo
import io.hawser.event.ConnectionEvent
import io.hawser.event.ServerEvent
import io.hawser.event.SocketEvent
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch

/** A server that can be watched: who comes and goes, as it happens, and every ten seconds who is there and what they have moved. */
public suspend fun main(args: Array<String>): Unit = coroutineScope {
    val endpoint = args.firstOrNull() ?: "tcp://127.0.0.1:9006"
    val server = Hawser.streamServer(endpoint).start(this) { connection -> connection.copyTo(connection) }
    // At once: events are not kept for those who come late.
    launch(start = UNDISPATCHED) { server.events.collect { event -> describe(event)?.let(::println) } }
    launch { report(server) }
    println("watches ${server.endpoint}")
}

private fun describe(event: SocketEvent): String? = when (event) {
    is ConnectionEvent.Opened -> "${event.id} opened"
    is ConnectionEvent.Failed -> "${event.id} failed: ${event.cause.message}"
    is ConnectionEvent.Closed -> "${event.id} closed: ${event.reason}"
    is ServerEvent.Refused -> "refused: ${event.reason}"
    is ServerEvent.AcceptFailed -> "nobody could be accepted: ${event.cause.message}"
    else -> null
}

private suspend fun report(server: RunningServer) {
    while (true) {
        delay(10.seconds)
        println("${server.connectionCount.value} connections of ${server.totals.accepted}")
        for (info in server.connections) {
            println("  ${info.id} for ${info.age}, idle for ${info.idle}: ${info.bytesRead} bytes in, ${info.bytesWritten} out")
        }
    }
}
