package io.hawser.tls

import io.hawser.ConnectionReset
import io.hawser.ServerOptions
import io.hawser.copyTo
import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import java.nio.ByteBuffer
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.withTimeout

/** Engines of native code hold descriptors, which must not be left to the garbage collector. */
class NativeEnginesSpec : StringSpec({
    extension(LeakCheck)

    fun server() = ServerTls {
        identity(certificates.server)
        conscrypt()
    }

    fun client() = ClientTls {
        trust(certificates.authority)
        conscrypt()
    }

    "options that nobody uses hold nothing" {
        server()
        client()
    }

    for ((end, isAborted) in listOf("closed" to false, "aborted" to true)) {
        "connections of native engines that are $end leave nothing behind" {
            withTimeout(HANG) {
                coroutineScope {
                    tcpServer().tls(server()).start(this) { it.copyTo(it) }.use { running ->
                        val connector = tcpClient(running).tls(client(), "localhost")
                        repeat(10) {
                            val connection = connector.connect()
                            connection.writeLine("hello")
                            connection.readLine() shouldBe "hello"
                            if (isAborted) connection.abort() else connection.close()
                        }
                        running.connectionCount.first { it == 0 }
                    }
                }
            }
        }
    }

    "handshakes of native engines that fail leave nothing behind" {
        withTimeout(HANG) {
            coroutineScope {
                tcpServer().tls(server()).start(this) { it.copyTo(it) }.use { running ->
                    val connector = tcpClient(running).tls(client(), "example.org")
                    repeat(10) { shouldThrow<TlsHandshakeFailed> { connector.connect() } }
                    running.connectionCount.first { it == 0 }
                }
            }
        }
    }

    "a handshake of native engines that waits for the rest of a record leaves nothing behind" {
        withTimeout(HANG) {
            coroutineScope {
                val options = ServerOptions { handshakeTimeout = 3.seconds }
                tcpServer(options).tls(server()).start(this) { it.copyTo(it) }.use { running ->
                    tcpClient(running).connect { connection ->
                        shouldThrow<ConnectionReset> {
                            connection.write(ByteBuffer.wrap(record(Record.HANDSHAKE, 1, 0, 1)))
                            connection.read(ByteBuffer.allocate(1))
                        }
                    }
                    running.connectionCount.first { it == 0 }
                }
            }
        }
    }

    for (provider in Provider.entries) {
        "a client of $provider takes 20 session tickets of openssl, and breaks the session over 100" {
            withTimeout(HANG) {
                val openssl = OpenSsl()
                openssl.key("tickets.key", *OpenSsl.ec)
                val certificate = openssl.certificate("tickets", "tickets.key", "DNS:localhost")
                val tls = ClientTls {
                    trust(certificate)
                    provider.set(this)
                }
                openssl.server("tickets", "tickets.key", "-num_tickets", "20").use { server ->
                    Tcp.client("127.0.0.1", server.port).tls(tls, "localhost").connect { connection ->
                        connection.writeLine("abc")
                        connection.readLine() shouldBe "cba"
                    }
                }
                openssl.server("tickets", "tickets.key", "-num_tickets", "100").use { server ->
                    Tcp.client("127.0.0.1", server.port).tls(tls, "localhost").connect { connection ->
                        shouldThrow<TlsBroken> { connection.read(ByteBuffer.allocate(1)) }
                    }
                }
            }
        }
    }
})
