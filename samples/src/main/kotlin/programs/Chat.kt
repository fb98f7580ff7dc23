package io.hawser.samples.programs

import io.hawser.Connection
import io.hawser.Hawser
import io.hawser.ServerOptions
import io.hawser.framing.Lines
import io.hawser.framing.framed
import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.BufferOverflow.DROP_OLDEST
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch

/**
 * A chat: whatever line somebody says, everybody else gets. `nc` and `hawser.jar connect` are clients.
 *
 * Nobody waits for a slow reader: each guest has a queue of a hundred lines, and who falls behind further misses the oldest. Who takes
 * nothing for half a minute is put out.
 */
public suspend fun main(args: Array<String>) {
    val endpoint = args.firstOrNull() ?: "tcp://127.0.0.1:9004"
    val queues = ConcurrentHashMap<Long, Channel<String>>()
    val server = Hawser.streamServer(endpoint, ServerOptions { writeTimeout = 30.seconds })
    server.serve(onStart = { println("chats on ${it.endpoint}") }) { guest -> chat(guest, queues) }
}

private suspend fun CoroutineScope.chat(guest: Connection, queues: MutableMap<Long, Channel<String>>) {
    val queue = Channel<String>(capacity = 100, DROP_OLDEST)
    val lines = guest.framed(Lines(maxLength = 1024))
    fun tellOthers(line: String) = queues.forEach { (id, other) -> if (id != guest.id) other.trySend(line) }

    launch { for (line in queue) lines.send(line) }
    tellOthers("guest ${guest.id} comes in")
    queues[guest.id] = queue
    try {
        lines.send("welcome, guest ${guest.id}; there are ${queues.size} of us")
        lines.incoming.collect { tellOthers("guest ${guest.id}: $it") }
    } finally {
        queues.remove(guest.id)
        tellOthers("guest ${guest.id} is gone")
        // What is in it is still sent, and then the connection closes.
        queue.close()
    }
}
