@file:OptIn(TransportApi::class)

package io.hawser.tls

import io.hawser.CloseReason
import io.hawser.Connection
import io.hawser.ConnectionLost
import io.hawser.event.ConnectionEvent
import io.hawser.testkit.LeakCheck
import io.hawser.transport.RawStream
import io.hawser.transport.TransportApi
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
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

    for (provider in Provider.entries) {
        "$provider: a write after the peer's end over TLS 1.2, which has ended both directions, loses nothing that came before" {
            withTimeout(HANG) {
                coroutineScope {
                    val tls = ServerTls {
                        identity(certificates.server)
                        versions(TlsVersion.TLS12)
                        provider.set(this)
                    }
                    val client = ClientTls {
                        trust(certificates.authority)
                        provider.set(this)
                    }
                    val answer: suspend CoroutineScope.(Connection) -> Unit = {
                        it.readLine()
                        it.writeLine("one\ntwo")
                    }
                    tcpServer().tls(tls).start(this, answer).use { running ->
                        val closed = async(start = UNDISPATCHED) { running.events.first { it is ConnectionEvent.Closed } }
                        val connection = tcpClient(running).tls(client, "localhost").connect()
                        // Not before: what has come with the end of the handshake is read without what comes later.
                        connection.writeLine("go on")
                        closed.await()
                        connection.readLine() shouldBe "one"
                        val failure = shouldThrow<ConnectionLost> { connection.writeLine("an answer") }
                        failure.message shouldContain "has ended TLS in both directions"
                        connection.readLine() shouldBe "two"
                        connection.readLine() shouldBe null
                        connection.close()
                        connection.closeReason shouldBe CloseReason.Peer
                    }
                }
            }
        }
    }
})
