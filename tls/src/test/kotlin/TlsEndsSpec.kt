@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.CloseReason
import io.hawser.event.ConnectionEvent
import io.hawser.testkit.LeakCheck
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout

class TlsEndsSpec : StringSpec({
    extension(LeakCheck)

    "how a client ends once its handler has returned is no failure" {
        withTimeout(HANG) {
            coroutineScope {
                tcpServer().tls(serverTls).start(this) { it.writeLine("answer") }.use { running ->
                    val closed =
                        async(start = UNDISPATCHED) { running.events.first { it is ConnectionEvent.Closed } as ConnectionEvent.Closed }
                    val beneath = CompletableDeferred<RawStream>()
                    val client = tcpClient(running).through { stream -> stream.also(beneath::complete) }.tls(clientTls, "localhost")
                    client.connect { connection ->
                        connection.readLine() shouldBe "answer"
                        // Without the end of TLS.
                        beneath.await().close()
                        closed.await().reason shouldBe CloseReason.Local
                    }
                }
            }
        }
    }
})
