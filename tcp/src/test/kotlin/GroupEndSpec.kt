package io.hawser.tcp

import io.hawser.ServerOptions
import io.hawser.engine.EventLoopGroup
import io.hawser.engine.EventLoopOptions
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.ByteBuffer
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout

/** What the end of its event loops leaves of a server. */
class GroupEndSpec : StringSpec({
    extension(LeakCheck)

    "a server whose loop has ended has given its port back when it says so, however slowly others take the loop's end" {
        withTimeout(HANG) {
            coroutineScope {
                repeat(5) {
                    EventLoopGroup(EventLoopOptions { loops = 1 }).use { group ->
                        val server = Tcp.server(ownHost, 0, ServerOptions { this.group = group }).start(this, echo)
                        val clients = List(8) {
                            val options = io.hawser.ClientOptions { this.group = group }
                            Tcp.client(ownHost, server.port, options).connect()
                        }
                        // Unconfined: it goes on in the thread of the loop that ends.
                        clients.forEach { client ->
                            launch(Dispatchers.Unconfined, UNDISPATCHED) {
                                runCatching { client.read(ByteBuffer.allocate(1)) }
                                Thread.sleep(20)
                                client.close()
                            }
                        }
                        delay(50)
                        group.close()
                        server.awaitClosed()
                        runCatching { ServerSocket(server.port, 1, InetAddress.getByName(ownHost)).close() }.exceptionOrNull() shouldBe
                            null
                        clients.forEach { it.awaitClosed() }
                    }
                }
            }
        }
    }
})
