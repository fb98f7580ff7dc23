package io.hawser.samples.programs

import io.hawser.Admission
import io.hawser.ClientOptions
import io.hawser.Connection
import io.hawser.OnDrain
import io.hawser.ReadTimeout
import io.hawser.ServerOptions
import io.hawser.tcp.Tcp
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

/**
 * A notebook for this machine: `add TEXT` and `count`, a line each, answered by a line.
 *
 * It shows a server with limits, exchanges of one question and one answer, a read that times out and goes on, and a drain that ends the
 * connections of those who only listen.
 */
public suspend fun main() {
    val notes = CopyOnWriteArrayList<String>()
    val options = ServerOptions {
        admission = Admission.allow("127.0.0.0/8", "::1")
        maxConnections = 100
        idleTimeout = 5.minutes
        onDrain = OnDrain.EndInput
    }
    coroutineScope {
        val server = Tcp.server(port = 0, options = options).start(this) { connection -> serve(connection, notes) }
        val client = Tcp.client("127.0.0.1", server.port)

        println(client.once("add milk\n".encodeToByteArray(), timeout = 10.seconds) { it.readLine() })
        println(client.once("add bread\n".encodeToByteArray(), timeout = 10.seconds) { it.readLine() })

        Tcp.client("127.0.0.1", server.port, ClientOptions { readTimeout = 500.milliseconds }).connect { connection ->
            try {
                connection.readLine()
            } catch (_: ReadTimeout) {
                println("silence")
            }
            connection.writeLine("count")
            println(connection.awaitLine())

            // Its handler waits for a question, and finds the end instead.
            println(server.shutdown(grace = 10.seconds))
        }
    }
}

/** What was read before a timeout is not lost. */
private suspend fun Connection.awaitLine(): String? {
    repeat(20) {
        try {
            return readLine()
        } catch (_: ReadTimeout) {
            // There may be more in a moment.
        }
    }
    return readLine()
}

private suspend fun serve(connection: Connection, notes: MutableList<String>) {
    connection.lines().collect { line ->
        when {
            line.startsWith("add ") -> {
                notes += line.removePrefix("add ")
                connection.writeLine("noted: ${notes.last()}")
            }

            line == "count" -> connection.writeLine("${notes.size} notes")

            else -> connection.writeLine("add TEXT, or count")
        }
    }
}
