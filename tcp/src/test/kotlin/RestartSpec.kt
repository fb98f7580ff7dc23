package io.hawser.tcp

import io.hawser.BindFailed
import io.hawser.Connection
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.InetSocketAddress
import java.net.StandardSocketOptions.SO_REUSEADDR
import java.nio.channels.SocketChannel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout

/** A port is free for the next server as soon as the last one has been told to close. */
class RestartSpec : StringSpec({
    extension(LeakCheck)

    "a server starts on the port of one that is still closing, a thousand times" {
        withTimeout(HANG) {
            coroutineScope {
                SocketChannel.open().setOption(SO_REUSEADDR, true).bind(InetSocketAddress("127.0.0.1", 0)).use { held ->
                    // One that does not listen keeps the port from other processes, and leaves it to servers.
                    val port = (held.localAddress as InetSocketAddress).port
                    var server = Tcp.server("127.0.0.1", port).start(this, echo)
                    repeat(1_000) {
                        server.close()
                        server = Tcp.server(if (it % 2 == 0) "*" else "127.0.0.1", port).start(this, echo)
                    }
                    server.close()
                }
            }
        }
    }

    "a server with a hundred connections is closed and started again at once, fifty times" {
        withTimeout(HANG) {
            coroutineScope {
                var server = Tcp.server("127.0.0.1", 0).start(this, echo)
                val port = server.port
                repeat(50) {
                    val connections = List(100) { Tcp.client("127.0.0.1", port).connect() }
                    server.connectionCount.first { it == 100 }
                    server.close()
                    server = Tcp.server("127.0.0.1", port).start(this, echo)
                    connections.forEach(Connection::close)
                }
                server.close()
            }
        }
    }

    "a port that somebody else listens on is not waited for" {
        serving { server ->
            coroutineScope {
                val other = Tcp.server("127.0.0.1", 0).start(this, echo)
                other.close()
                shouldThrow<BindFailed> { Tcp.server("127.0.0.1", server.port).start(this, echo) }.reason shouldBe
                    BindFailed.Reason.AddressInUse
            }
        }
    }
})
