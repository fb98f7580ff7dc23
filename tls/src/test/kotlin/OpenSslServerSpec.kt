package io.hawser.tls

import io.hawser.tcp.Tcp
import io.hawser.testkit.KeyPurpose
import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.withTimeout

/** Our client at `openssl s_server`. */
class OpenSslServerSpec : StringSpec({
    extension(LeakCheck)

    val identity = arrayOf("-cert", "server.pem", "-key", "server.key")

    suspend fun exchange(port: Int, tls: ClientTls): TlsSession = withTimeout(HANG) {
        Tcp.client("127.0.0.1", port).tls(tls, "localhost").connect { connection ->
            connection.writeLine("hello")
            connection.readLine() shouldBe "olleh"
            checkNotNull(connection.tlsSession)
        }
    }

    for (provider in Provider.entries) {
        fun client(block: ClientTls.Builder.() -> Unit = {}) = ClientTls {
            trust(certificates.authority)
            provider.set(this)
            block()
        }

        for (version in TlsVersion.entries) {
            "$provider: lines go to OpenSSL's server and back over ${version.protocol}" {
                val (peer, port) = Peer.server(*identity)
                peer.use { exchange(port, client { versions(version) }).protocol shouldBe version.protocol }
            }

            "$provider: our certificate is shown to who asks for it over ${version.protocol}" {
                val (peer, port) = Peer.server(*identity, "-Verify", "1", "-verify_return_error", "-CAfile", "authority.pem")
                peer.use {
                    exchange(
                        port,
                        client {
                            versions(version)
                            identity(certificates.client)
                        },
                    )
                    // It asks, and cannot be answered.
                    val failure = shouldThrow<TlsFailure> { exchange(port, client { versions(version) }) }
                    withClue(failure) { ("alert" in "$failure") shouldBe true }
                }
            }

            "$provider: a server that knows none of our application protocols over ${version.protocol} is no use" {
                val (peer, port) = Peer.server(*identity, "-alpn", "echo/1,echo/2")
                peer.use {
                    exchange(
                        port,
                        client {
                            versions(version)
                            alpn("echo/2", "echo/1")
                        },
                    ).alpn shouldBe "echo/1"
                    val failure = shouldThrow<TlsHandshakeFailed> {
                        exchange(
                            port,
                            client {
                                versions(version)
                                alpn("http/1.1")
                            },
                        )
                    }
                    failure.reason shouldBe Reason.RefusedByPeer
                    failure.message shouldContain "no_application_protocol"
                }
            }
        }

        "$provider: what is wrong with a server's certificate is the reason" {
            val selfSigned = OpenSsl(pems)
            selfSigned.key("self.key", *OpenSsl.ec)
            selfSigned.certificate("self.pem", "self.key", names = "DNS:localhost")
            val bad = mapOf(
                "expired" to (certificates.expired to Reason.Expired),
                "early" to (certificates.notYetValid to Reason.NotYetValid),
                "elsewhere" to (certificates.wrongHost to Reason.WrongHost),
                "other" to (TestCertificates.create("localhost").server to Reason.UnknownAuthority),
                "purpose" to (certificates.issue { purposes(KeyPurpose.ClientAuth) } to Reason.BadCertificate),
                "broken" to (certificates.issue { intermediates = 1 } to Reason.UnknownAuthority),
                "named" to (certificates.issue { names().commonName = "localhost" } to Reason.WrongHost),
                "self" to (null to Reason.UnknownAuthority),
            )
            for ((kind, expected) in bad) {
                expected.first?.let { write("server-$kind", it) }
                val name = if (kind == "self") "self" else "server-$kind"
                val (peer, port) = Peer.server("-cert", "$name.pem", "-key", "$name.key", "-cipher", "DEFAULT@SECLEVEL=0")
                peer.use {
                    for (version in TlsVersion.entries) {
                        withClue("$kind over $version") {
                            val failure = shouldThrow<TlsHandshakeFailed> { exchange(port, client { versions(version) }) }
                            withClue(failure) { failure.reason shouldBe expected.second }
                        }
                    }
                }
            }
        }

        "$provider: a server with a key that is too weak is refused" {
            val files = OpenSsl(pems)
            files.key("weak-ca.key", *OpenSsl.ec)
            files.certificate("weak-ca.pem", "weak-ca.key")
            files.key("weak.key", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
            files.write("weak.names", "subjectAltName=DNS:localhost")
            files.run("req", "-new", "-key", "weak.key", "-subj", "/CN=localhost", "-out", "weak.csr")
            val issuer = arrayOf("-CA", "weak-ca.pem", "-CAkey", "weak-ca.key", "-CAcreateserial")
            files.run("x509", "-req", "-in", "weak.csr", *issuer, "-extfile", "weak.names", "-out", "weak.pem")
            val (peer, port) = Peer.server("-cert", "weak.pem", "-key", "weak.key", "-cipher", "DEFAULT@SECLEVEL=0")
            peer.use {
                for (version in TlsVersion.entries) {
                    val tls = ClientTls {
                        trust(files.file("weak-ca.pem"))
                        versions(version)
                        provider.set(this)
                    }
                    val failure = shouldThrow<TlsHandshakeFailed> { exchange(port, tls) }
                    withClue(failure) { failure.reason shouldBe Reason.BadCertificate }
                }
            }
        }

        "$provider: intermediates that a server sends are used" {
            write("deep", certificates.issue { intermediates = 2 })
            val (peer, port) = Peer.server("-cert", "deep.pem", "-key", "deep.key", "-cert_chain", "deep.pem")
            peer.use { exchange(port, client()).peerCertificates.first().subjectX500Principal.name shouldBe "CN=localhost" }
        }

        "$provider: a server of only TLS 1.1, or of suites that are out, has nothing for us" {
            for (arguments in listOf("-tls1_1 -cipher DEFAULT@SECLEVEL=0", "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA")) {
                val (peer, port) = Peer.server(*identity, *arguments.split(' ').toTypedArray())
                peer.use {
                    val failure = shouldThrow<TlsHandshakeFailed> { exchange(port, client()) }
                    withClue(failure) { (failure.reason == Reason.RefusedByPeer || failure.reason == Reason.NothingInCommon) shouldBe true }
                }
            }
        }
    }
})
