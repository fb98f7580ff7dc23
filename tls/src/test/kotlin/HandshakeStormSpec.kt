package io.hawser.tls

import io.hawser.ConnectTimeout
import io.hawser.HandshakeTimeout
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.testkit.LeakCheck
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.ints.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

private const val STORM = 500
private const val ESTABLISHED = 10

/** Clients that all come at once. */
class HandshakeStormSpec : StringSpec({
    extension(LeakCheck)

    "five hundred handshakes at once come to an end, and the connections that there were go on" {
        withTimeout(HANG) {
            coroutineScope {
                val options = ServerOptions {
                    backlog = STORM
                    handshakeTimeout = HANG
                }
                tcpServer(options).tls(serverTls).start(this) { it.copyTo(it) }.use { running ->
                    val client = tcpClient(running).tls(clientTls, "localhost")
                    val established = List(ESTABLISHED) { client.connect() }
                    val echoes = List(ESTABLISHED) { AtomicInteger() }
                    val talking = established.zip(echoes) { connection, count ->
                        launch {
                            while (true) {
                                connection.writeLine("still there")
                                connection.readLine() shouldBe "still there"
                                count.incrementAndGet()
                            }
                        }
                    }
                    while (echoes.any { it.get() == 0 }) yield()
                    val before = echoes.map { it.get() }
                    // None knows another's session: a resumption would be no work.
                    val strangers = List(STORM) { tcpClient(running).tls(ClientTls { trust(certificates.authority) }, "localhost") }
                    val outcomes = strangers.map { stranger ->
                        async(Dispatchers.Default) {
                            try {
                                stranger.connect {
                                    it.writeLine("hello")
                                    it.readLine() shouldBe "hello"
                                }
                                true
                            } catch (_: HandshakeTimeout) {
                                false
                            } catch (_: ConnectTimeout) {
                                false
                            }
                        }
                    }.awaitAll()
                    val during = echoes.zip(before) { now, then -> now.get() - then }
                    talking.forEach { it.cancelAndJoin() }
                    established.forEach { it.close() }
                    outcomes.count { it } shouldBeGreaterThan STORM / 10
                    // Everybody's share is one that shows that it never stood still for long.
                    during.min() shouldBeGreaterThan 0
                    during.min() * 10 shouldBeGreaterThanOrEqual during.max()
                    during.sum() shouldBeGreaterThanOrEqual STORM / 10
                }
            }
        }
    }
})
