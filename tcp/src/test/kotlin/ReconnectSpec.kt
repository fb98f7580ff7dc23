package io.hawser.tcp

import io.hawser.ClientOptions
import io.hawser.ConnectFailed
import io.hawser.Endpoint
import io.hawser.StreamClient
import io.hawser.reconnect.Backoff
import io.hawser.reconnect.LinkOptions
import io.hawser.reconnect.LinkState
import io.hawser.reconnect.reconnecting
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.Program
import io.hawser.transport.Connector
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.UnknownHostException
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout

/** Links whose network does what networks do. */
@OptIn(TransportApi::class)
class ReconnectSpec : StringSpec({
    extension(LeakCheck)

    val fast = LinkOptions { backoff = Backoff.exponential(5.milliseconds, ceiling = 100.milliseconds).jittered() }

    "three hundred clients come back to a server that was down" {
        withTimeout(HANG) {
            coroutineScope {
                val port = freePort()
                val links = List(300) { Tcp.client(ownHost, port).reconnecting(fast).start(this) { it.readLine() } }
                links.forEach { link -> link.state.first { it is LinkState.Waiting && it.attempt > 3 } }
                val server = Tcp.server(ownHost, port).start(this) { it.readLine() }
                links.forEach { it.awaitConnected() }
                server.connectionCount.first { it == 300 }
                server.close()
                links.forEach { link -> link.state.first { it !is LinkState.Connected } }
                links.forEach { it.close() }
                links.forEach { it.join() }
            }
        }
    }

    "a name that cannot be looked up at first, and can be later" {
        withTimeout(HANG) {
            coroutineScope {
                val server = Tcp.server("127.0.0.1", 0).start(this, echo)
                val endpoint = Endpoint.Inet("tcp", "late.test", server.port)
                val lookUps = AtomicInteger()
                val dialer = Dialer(endpoint, ClientOptions()) { host ->
                    if (lookUps.incrementAndGet() < 4) throw UnknownHostException(host)
                    listOf(InetAddress.getLoopbackAddress())
                }
                val remote = InetSocketAddress.createUnresolved(endpoint.host, endpoint.port)
                val link = StreamClient(endpoint, ClientOptions(), Connector(remote, dialer::connect)).reconnecting(fast)
                link.start(this) { it.readLine() }
                val waiting = link.state.first { it is LinkState.Waiting } as LinkState.Waiting
                waiting.cause.shouldBeInstanceOf<ConnectFailed>().reason shouldBe ConnectFailed.Reason.UnknownHost
                link.withConnection(10.seconds) { connection ->
                    connection.isOpen shouldBe true
                    lookUps.get() shouldBe 4
                }
                link.shutdown(Duration.ZERO)
                server.close()
            }
        }
    }

    "a server whose process is killed is missed at once, and found again" {
        withTimeout(HANG) {
            coroutineScope {
                val port = freePort()
                fun socat() = Program.start("socat", "TCP-LISTEN:$port,bind=$ownHost,reuseaddr,fork", "EXEC:cat")
                val lines = Channel<String>(100)
                val link = Tcp.client(ownHost, port).reconnecting(fast)
                link.start(this) { connection ->
                    connection.writeLine("there")
                    while (true) lines.send(connection.readLine() ?: break)
                }
                var program = socat()
                repeat(3) {
                    while (lines.receive() != "there") Unit
                    program.kill()
                    link.state.first { it !is LinkState.Connected }
                    program = socat()
                }
                while (lines.receive() != "there") Unit
                link.shutdown(Duration.ZERO)
                program.kill()
            }
        }
    }
})
