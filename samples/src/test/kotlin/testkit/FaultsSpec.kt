package io.hawser.samples.testkit

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.tcp.Tcp
import io.hawser.testkit.DatagramFaultProxy
import io.hawser.testkit.FaultProxy
import io.hawser.testkit.OnConnect
import io.hawser.testkit.ServerExtension
import io.hawser.testkit.shouldBeClosedBy
import io.hawser.testkit.shouldReceiveLine
import io.hawser.testkit.virtualTime
import io.hawser.udp.Udp
import io.hawser.unix.Unix
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope

class FaultsSpec : StringSpec({
    val echo: suspend (Connection) -> Unit = { it.copyTo(it) }
    val server = extension(ServerExtension(Tcp.server(port = 0)) { echo(it) })
    val unix = extension(ServerExtension({ folder -> Unix.server(folder.resolve("echo.sock")) }) { echo(it) })

    "a client gets along with a bad network" {
        coroutineScope {
            FaultProxy.to(server.client, seed = 42).start(this).use { proxy ->
                proxy.latency = 20.milliseconds
                proxy.jitter = 10.milliseconds
                proxy.sliceTo = 3
                Tcp.client("127.0.0.1", proxy.port).connect { connection ->
                    connection.writeLine("slowly")
                    connection shouldReceiveLine "slowly"
                    proxy.resetAll()
                    connection shouldBeClosedBy CloseReason.Reset
                }
            }
        }
    }

    "a client learns that there is no room" {
        coroutineScope {
            FaultProxy.to(server.client).start(this).use { proxy ->
                proxy.onConnect = OnConnect.Close
                Tcp.client("127.0.0.1", proxy.port).connect { it.shouldBeClosedBy(CloseReason.Peer, within = 30.seconds) }
            }
        }
    }

    "a proxy on TCP stands before a Unix socket" {
        coroutineScope {
            FaultProxy.to(unix.client).start(this).use { proxy ->
                Tcp.client("127.0.0.1", proxy.port).connect { connection ->
                    connection.writeLine("through")
                    connection.shouldReceiveLine("through", within = 30.seconds)
                }
            }
        }
    }

    "a request is repeated until it gets through" {
        coroutineScope {
            Udp.server(port = 0).start(this) { reply(it.bytes) }.use { server ->
                DatagramFaultProxy.to(Udp.client("127.0.0.1", server.port), seed = 1).start(this).use { network ->
                    network.drop = 0.5
                    val client = Udp.client("127.0.0.1", network.port)
                    client.request("status".encodeToByteArray(), timeout = 100.milliseconds, retries = 100).text shouldBe "status"
                }
            }
        }
    }

    "an idle client is shown the door, and nobody has to wait for that" {
        virtualTime {
            val server = server(ServerOptions { idleTimeout = 5.minutes }).start(this) { echo(it) }
            client(server).connect { connection ->
                connection.shouldBeClosedBy(CloseReason.Peer, within = 5.minutes + 1.seconds)
                elapsed shouldBe 5.minutes
            }
            server.close()
        }
    }
})
