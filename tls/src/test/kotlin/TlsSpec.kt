package io.hawser.tls

import io.hawser.copyTo
import io.hawser.testkit.LeakCheck
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.coroutineScope

class TlsSpec : StringSpec({
    extension(LeakCheck)

    for (provider in Provider.entries) {
        for (version in TlsVersion.entries) {
            "$provider speaks ${version.protocol} as client and server, and both know what was agreed on" {
                val server = ServerTls {
                    identity(certificates.server)
                    clientAuth = ClientAuth.Required
                    trust(certificates.authority)
                    alpn("echo/2", "echo/1")
                    versions(version)
                    provider.set(this)
                }
                val client = ClientTls {
                    identity(certificates.client)
                    trust(certificates.authority)
                    alpn("echo/1")
                    provider.set(this)
                }
                coroutineScope {
                    val known = CompletableDeferred<TlsSession?>()
                    val running = tcpServer().tls(server).start(this) { connection ->
                        known.complete(connection.tlsSession)
                        connection.copyTo(connection)
                    }
                    running.use {
                        tcpClient(running).tls(client, serverName = "localhost").connect { connection ->
                            connection.writeLine("secret")
                            connection.readLine() shouldBe "secret"
                            val session = checkNotNull(connection.tlsSession)
                            session.protocol shouldBe version.protocol
                            session.alpn shouldBe "echo/1"
                            session.serverName shouldBe "localhost"
                            session.peerCertificates.first() shouldBe certificates.server.certificate
                        }
                        val session = checkNotNull(known.await())
                        session.protocol shouldBe version.protocol
                        session.alpn shouldBe "echo/1"
                        session.serverName shouldBe "localhost"
                        session.peerCertificates.first() shouldBe certificates.client.certificate
                        session.suite shouldContain "GCM"
                    }
                }
            }
        }
    }

    for (provider in Provider.entries) {
        "$provider: a server that is not trusted is refused" {
            coroutineScope {
                tcpServer().tls(serverTls).start(this) { it.copyTo(it) }.use { running ->
                    val client = tcpClient(running).tls(ClientTls { provider.set(this) }, serverName = "localhost")
                    val failure = shouldThrow<TlsHandshakeFailed> { client.connect() }
                    failure.reason shouldBe TlsHandshakeFailed.Reason.UnknownAuthority
                }
            }
        }

        "$provider: a server of another name is refused" {
            coroutineScope {
                tcpServer().tls(serverTls).start(this) { it.copyTo(it) }.use { running ->
                    val tls = ClientTls {
                        trust(certificates.authority)
                        provider.set(this)
                    }
                    val failure = shouldThrow<TlsHandshakeFailed> { tcpClient(running).tls(tls, serverName = "example.org").connect() }
                    failure.reason shouldBe TlsHandshakeFailed.Reason.WrongHost
                }
            }
        }
    }
})

/** Who does the arithmetic. */
internal enum class Provider(val set: (TlsOptions.Builder<*>) -> Unit) {
    JDK({}),
    CONSCRYPT({ it.conscrypt() }),
}
