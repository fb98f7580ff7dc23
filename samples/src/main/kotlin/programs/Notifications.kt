package io.hawser.samples.programs

import io.hawser.Hawser
import io.hawser.PeerUnreachable
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope

/** One event for several listeners, each at an endpoint of its own; one that has gone is told of and keeps it from nobody else. */
public suspend fun main(endpoints: Array<String>): Unit = coroutineScope {
    val heard = Channel<String>(Channel.UNLIMITED)
    val listeners = endpoints.mapIndexed { i, endpoint ->
        Hawser.datagramServer(endpoint).start(this) { heard.trySend("listener $i: ${it.text}") }
    }
    val sockets = listeners.map { Hawser.datagramClient(it.endpoint).open() }
    listeners.last().shutdown()
    for (socket in sockets) {
        try {
            socket.send("order 17 shipped".encodeToByteArray())
            println(heard.receive())
        } catch (e: PeerUnreachable) {
            println(e.message)
        }
    }
    sockets.forEach { it.close() }
    listeners.forEach { it.close() }
}
