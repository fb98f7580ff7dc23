package io.hawser.tls

import io.hawser.Connection
import io.hawser.testkit.CertificateOrder
import io.hawser.testkit.KeyPurpose
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.security.KeyStore.PrivateKeyEntry
import java.time.Instant
import kotlinx.coroutines.withTimeout

/** Clients that have to say who they are. */
class ClientCertificateSpec : StringSpec({
    extension(LeakCheck)

    fun client(block: CertificateOrder.() -> Unit) = certificates.issue {
        names()
        commonName = "client"
        purposes(KeyPurpose.ClientAuth)
        block()
    }

    val bad: Map<String, Pair<PrivateKeyEntry, Reason>> by lazy {
        mapOf(
            "untrusted" to (TestCertificates.create("x").client to Reason.UnknownAuthority),
            "expired" to (client { notAfter = Instant.now().minusSeconds(60) } to Reason.Expired),
            "early" to (client { notBefore = Instant.now().plusSeconds(3600) } to Reason.NotYetValid),
            "purpose" to (certificates.server to Reason.BadCertificate),
            "broken" to (client { intermediates = 1 } to Reason.UnknownAuthority),
        )
    }

    for (provider in Provider.entries) {
        for (version in TlsVersion.entries) {
            fun server(auth: ClientAuth) = ServerTls {
                identity(certificates.server)
                trust(certificates.authority)
                clientAuth = auth
                versions(version)
                provider.set(this)
            }

            val over = "over ${version.protocol}"

            "$provider: a client's certificate reaches the handler $over" {
                for (auth in listOf(ClientAuth.Required, ClientAuth.Optional)) {
                    val name: suspend (
                        io.hawser.Connection,
                    ) -> String = {
                        it.tlsSession?.peerCertificates?.firstOrNull()?.subjectX500Principal?.name
                            ?: "nobody"
                    }
                    serving(server(auth), handler = { it.writeLine(name(it)) }) { server ->
                        Peer.client(server, "-cert", "client.pem", "-key", "client.key").use { it.expect("CN=client") }
                        if (auth == ClientAuth.Optional) Peer.client(server).use { it.expect("nobody") }
                    }
                }
            }

            "$provider: a client without a certificate reaches no handler $over" {
                val told = Told()
                serving(server(ClientAuth.Required), told) { server ->
                    Peer.client(server).use { it.finish().first shouldContain "alert" }
                    val refusal = told.life().refusal
                    withClue(refusal) { refusal.reason shouldBe Reason.NoCertificate }
                }
            }

            "$provider: a client with a bad certificate reaches no handler $over, required or not" {
                for (auth in listOf(ClientAuth.Required, ClientAuth.Optional)) {
                    val told = Told()
                    serving(server(auth), told) { server ->
                        for ((kind, expected) in bad) {
                            write(kind, expected.first)
                            // The file has the intermediates, too; this program sends the first certificate only.
                            Peer.client(server, "-cert", "$kind.pem", "-key", "$kind.key").use {
                                withClue("$kind, $auth") { it.finish().first shouldContain "alert" }
                            }
                            val refusal = told.life().refusal
                            withClue("$kind, $auth: $refusal") { refusal.reason shouldBe expected.second }
                        }
                    }
                }
            }

            "$provider: our client learns from the alert that it needs a certificate $over" {
                val told = Told()
                serving(server(ClientAuth.Required), told) { server ->
                    val tls = ClientTls {
                        trust(certificates.authority)
                        provider.set(this)
                    }
                    // In TLS 1.3 the client is done before the server has seen what it has.
                    val failure = shouldThrow<TlsFailure> {
                        tcpClient(server).tls(tls, "localhost").connect { withTimeout(HANG) { it.readLine() } }
                    }
                    withClue("$failure") { ("alert" in "$failure") shouldBe true }
                    withClue("$failure") { (failure is TlsHandshakeFailed) shouldBe (version == TlsVersion.TLS12) }
                    told.life().refusal.reason shouldBe Reason.NoCertificate
                }
            }
        }
    }

    "a client is not asked for a certificate unless it was said so" {
        val told = Told()
        serving(told = told) { server ->
            Peer.client(server).use { client ->
                client.say("hello\n")
                client.expect("hello")
                client.say("Q\n")
                client.finish().first shouldContain "No client certificate CA names sent"
            }
            told.life().failures.shouldBeEmpty()
        }
    }
})
