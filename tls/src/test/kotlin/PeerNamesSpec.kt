package io.hawser.tls

import io.hawser.tcp.Tcp
import io.hawser.testkit.LeakCheck
import io.hawser.tls.TlsHandshakeFailed.Reason
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.security.KeyStore.PrivateKeyEntry
import java.security.cert.X509Certificate

/** Which names a certificate is good for, and which keys. */
class PeerNamesSpec : StringSpec({
    extension(LeakCheck)

    suspend fun ClientTls.Builder.failureAt(entry: PrivateKeyEntry, name: String): TlsHandshakeFailed? {
        val server = ServerTls { identity(entry) }
        return serving(server) { running ->
            try {
                tcpClient(running).tls(build(), name).connect { connection ->
                    connection.writeLine("hello")
                    connection.readLine() shouldBe "hello"
                }
                null
            } catch (e: TlsHandshakeFailed) {
                e
            }
        }
    }

    for (provider in Provider.entries) {
        fun client() = ClientTls.builder().trust(certificates.authority).also(provider.set)

        "$provider: names match as RFC 9525 has it" {
            val local = certificates.server("localhost", "127.0.0.1", "::1")
            val wild = certificates.server("*.example.org")
            val cases = listOf(
                Triple(local, "localhost", true),
                Triple(local, "LOCALHOST", true),
                Triple(local, "localhost.", true),
                Triple(local, "127.0.0.1", true),
                Triple(local, "127.0.0.2", false),
                Triple(local, "::1", true),
                Triple(local, "0:0::1", true),
                Triple(local, "::2", false),
                Triple(local, "a.localhost", false),
                Triple(wild, "a.example.org", true),
                Triple(wild, "a.example.org.", true),
                Triple(wild, "a.b.example.org", false),
                Triple(wild, "example.org", false),
                Triple(certificates.server("*.org"), "example.org", false),
                Triple(certificates.server("bücher.example"), "bücher.example", true),
                Triple(certificates.server("bücher.example"), "xn--bcher-kva.example", true),
                Triple(certificates.server("bücher.example"), "bucher.example", false),
                Triple(certificates.server("under_score.example"), "under_score.example", true),
                Triple(certificates.issue { names().commonName = "localhost" }, "localhost", false),
                Triple(certificates.issue { names("other.example").commonName = "localhost" }, "localhost", false),
            )
            for ((entry, name, matches) in cases) {
                val failure = client().failureAt(entry, name)
                withClue("$name at ${(entry.certificate as X509Certificate).subjectAlternativeNames}: $failure") {
                    failure?.reason shouldBe if (matches) null else Reason.WrongHost
                }
            }
        }

        "$provider: a pinned key is taken and another is not" {
            val right = Pins.of(certificates.server.certificate as X509Certificate)
            val wrong = "sha256/" + "A".repeat(43) + "="
            client().pin(right).failureAt(certificates.server, "localhost") shouldBe null
            client().pin(wrong).pin(right).failureAt(certificates.server, "localhost") shouldBe null
            val failure = checkNotNull(client().pin(wrong).failureAt(certificates.server, "localhost"))
            failure.reason shouldBe Reason.NotPinned
            failure.message shouldContain right
            client().pin(right).failureAt(certificates.server, "wrong.invalid")?.reason shouldBe Reason.WrongHost
        }
    }

    "a pin is the hash that OpenSSL says it is" {
        val files = OpenSsl(pems)
        files.run("x509", "-in", "server.pem", "-pubkey", "-noout", "-out", "server.pub")
        files.run("pkey", "-pubin", "-in", "server.pub", "-outform", "DER", "-out", "server.der")
        files.run("dgst", "-sha256", "-binary", "-out", "server.hash", "server.der")
        files.run("base64", "-A", "-in", "server.hash", "-out", "server.pin")
        Pins.of(certificates.server.certificate as X509Certificate) shouldBe "sha256/${files.text("server.pin").trim()}"
    }

    "a client that trusts anybody takes anybody under any name" {
        serving(ServerTls { identity(certificates.wrongHost) }) { running ->
            tcpClient(running).tls(ClientTls.insecureForTesting(), "localhost").connect { connection ->
                connection.writeLine("hello")
                connection.readLine() shouldBe "hello"
            }
        }
    }

    "a name that is none is refused before anybody is called" {
        for (name in listOf("", "a b", "..", "[::1]", "1.2.3", "a".repeat(64) + ".example")) {
            withClue(name) { shouldThrow<IllegalArgumentException> { Tcp.client("127.0.0.1", 1).tls(clientTls, name) } }
        }
    }
})
