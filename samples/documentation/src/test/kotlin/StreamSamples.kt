package io.hawser.samples.documentation

import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.framing.LengthPrefix
import io.hawser.framing.framed
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.PoolOptions
import io.hawser.reconnect.pooled
import io.hawser.reconnect.reconnecting
import io.hawser.tcp.Tcp
import io.hawser.unix.Unix
import java.nio.file.Path
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.toList

// What `@sample` shows of streams: each is a whole, and runs.

suspend fun tcpServer() {
    coroutineScope {
        val server = Tcp.server("127.0.0.1", port = 0).start(this) { connection -> connection.copyTo(connection) }
        val answer = Tcp.client("127.0.0.1", server.port).once("hello\n".encodeToByteArray(), timeout = 30.seconds) { it.readLine() }
        check(answer == "hello")
        server.shutdown(grace = 5.seconds) // handlers may finish; close() would cut them
    }
}

suspend fun tcpClient() {
    coroutineScope {
        Tcp.server("127.0.0.1", port = 0).start(this) { it.writeLine("good day") }.use { server ->
            val greeting = Tcp.client("localhost", server.port).connect { connection -> connection.readLine() }
            check(greeting == "good day")
        }
    }
}

suspend fun unixServer(folder: Path) {
    val path = folder.resolve("status.sock")
    coroutineScope {
        Unix.server(path).start(this) { it.writeLine("well") }.use {
            check(Unix.client(path).connect { it.readLine() } == "well")
        }
    }
}

suspend fun serverOptions() {
    val options = ServerOptions {
        maxConnections = 1_000
        idleTimeout = 5.minutes
        socket { keepAlive = true }
    }
    coroutineScope {
        Tcp.server("127.0.0.1", port = 0, options).start(this) { it.copyTo(it) }.use { server ->
            val fewer = options.toBuilder().maxConnections(10).build()
            server.reload(fewer) // for whoever comes from now on
        }
    }
}

suspend fun connectionLines() {
    coroutineScope {
        Tcp.server("127.0.0.1", port = 0).start(this) { guest -> guest.lines().collect { guest.writeLine(it.uppercase()) } }.use { server ->
            Tcp.client("127.0.0.1", server.port).connect { connection ->
                connection.writeLine("one")
                connection.writeLine("two")
                connection.shutdownOutput() // which ends the lines at the other side, and so its answers
                check(connection.lines().toList() == listOf("ONE", "TWO"))
            }
        }
    }
}

suspend fun framedConnection() {
    val codec = LengthPrefix(bytes = 4, maxLength = 1 shl 20)
    coroutineScope {
        val server = Tcp.server("127.0.0.1", port = 0).start(this) { connection ->
            val frames = connection.framed(codec)
            frames.incoming.collect { frame -> frames.send(frame) }
        }
        server.use {
            Tcp.client("127.0.0.1", server.port).connect { connection ->
                val frames = connection.framed(codec)
                frames.send("any bytes".encodeToByteArray())
                check(frames.receive()?.decodeToString() == "any bytes")
            }
        }
    }
}

suspend fun reconnectingClient() {
    coroutineScope {
        val server = Tcp.server("127.0.0.1", port = 0).start(this) { it.writeLine("news") } // and hangs up
        val news = Channel<String>(capacity = 2)
        val options = LinkOptions { resetAfter = 10.seconds }
        val link = Tcp.client("127.0.0.1", server.port).reconnecting(options)
        link.start(this) { connection -> connection.lines().collect { news.send(it) } } // once per connection
        repeat(2) { check(news.receive() == "news") }
        link.close()
        server.close()
    }
}

suspend fun pooledClient() {
    coroutineScope {
        Tcp.server("127.0.0.1", port = 0).start(this) { it.copyTo(it) }.use { server ->
            Tcp.client("127.0.0.1", server.port).pooled(PoolOptions { maxConnections = 4 }).start(this).use { pool ->
                val answer = pool.withConnection { connection ->
                    connection.writeLine("status")
                    connection.readLine()
                }
                check(answer == "status")
            }
        }
    }
}
