package io.hawser.samples

import io.hawser.testkit.LeakCheck
import io.hawser.testkit.TestCertificates
import io.kotest.assertions.nondeterministic.until
import io.kotest.core.spec.style.StringSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldMatch
import java.net.Socket
import java.security.cert.X509Certificate
import kotlin.time.Duration.Companion.seconds

private const val UNTRUSTED = "unable to find valid certification path to requested target"

/** `echo`, `connect` and `relay` over TLS as their users meet them, and programs of others that speak it. */
class TlsProcessSpec : StringSpec({
    extension(LeakCheck)
    timeout = 180_000

    val certificates = TestCertificates.create("localhost", "127.0.0.1")
    val folder = certificates.writeTo(tempdir().toPath())
    val strangers = TestCertificates.create("localhost").writeTo(tempdir().toPath())
    val authority = "${folder.resolve("authority.pem")}"

    fun identity(name: String) = arrayOf("--tls-cert", "${folder.resolve("$name.pem")}", "--tls-key", "${folder.resolve("$name.key")}")

    fun echo(vararg options: String) = Child.hawser("echo", "--on", "tls://127.0.0.1:0", *options)

    fun says(line: String, vararg arguments: String): Child.End = Child.hawser("connect", *arguments).use {
        // It may end before it has read a word.
        runCatching { it.say("$line\n") }
        it.end()
    }

    fun Child.endsQuietly() {
        signal("TERM")
        end() shouldBe Child.End(0, emptyList(), "")
    }

    "what goes there comes back, for those who trust the authority or anybody" {
        echo(*identity("server")).use { server ->
            val endpoint = "tls://localhost:${server.port()}"
            says("hello", endpoint, "--ca", authority) shouldBe Child.End(0, listOf("hello"), "")
            says("hello", endpoint, "--insecure-for-testing") shouldBe Child.End(
                0,
                listOf("hello"),
                "hawser: warning: whoever answers is trusted, and whoever sits between can read and alter everything\n",
            )
            server.endsQuietly()
        }
    }

    "a server that is not trusted, or is somebody else, is one line and status 1" {
        echo(*identity("server")).use { server ->
            val port = server.port()
            for (trust in listOf(listOf("--ca", "${strangers.resolve("authority.pem")}"), emptyList())) {
                says("hello", "tls://127.0.0.1:$port", *trust.toTypedArray()) shouldBe
                    Child.End(1, emptyList(), "hawser: the TLS handshake with tcp://127.0.0.1:$port failed: $UNTRUSTED\n")
            }
            TestCertificates.write(certificates.wrongHost, folder, "wrong")
            server.endsQuietly()
        }
        echo(*identity("wrong")).use { server ->
            val end = says("hello", "tls://localhost:${server.port()}", "--ca", authority)
            end.status shouldBe 1
            end.lines shouldBe emptyList()
            end.errors shouldMatch "hawser: the TLS handshake with tcp://.*\\n"
        }
    }

    "a server that speaks no TLS is one line and status 1" {
        Child.hawser("echo", "--on", "127.0.0.1:0").use { server ->
            val end = says("hello", "tls://127.0.0.1:${server.port()}", "--ca", authority)
            end.status shouldBe 1
            end.errors shouldMatch "hawser: the TLS handshake with tcp://.* failed: .*\\n"
        }
    }

    "who shows no certificate, or somebody else's, is turned away, and the server has nothing to say of it" {
        echo(*identity("server"), "--tls-client-ca", authority).use { server ->
            val endpoint = arrayOf("tls://127.0.0.1:${server.port()}", "--ca", authority)
            says("hello", *endpoint, *identity("client")) shouldBe Child.End(0, listOf("hello"), "")
            val stranger = arrayOf("--tls-cert", "${strangers.resolve("client.pem")}", "--tls-key", "${strangers.resolve("client.key")}")
            for (end in listOf(says("hello", *endpoint), says("hello", *endpoint, *stranger))) {
                end.status shouldBe 1
                end.lines shouldBe emptyList()
                end.errors shouldMatch "hawser: .*tcp://127.0.0.1.*\\n"
            }
            server.endsQuietly()
        }
    }

    "OpenSSL gets back what it says, and trusts whom it should" {
        echo(*identity("server")).use { server ->
            val arguments = arrayOf("-connect", "127.0.0.1:${server.port()}", "-CAfile", authority, "-verify_return_error")
            Child.tool("openssl", "s_client", *arguments, "-servername", "localhost", "-quiet").use { client ->
                client.type("hello\n")
                client.line() shouldBe "hello"
            }
            server.endsQuietly()
        }
    }

    "curl speaks with it, though it is no web server" {
        echo(*identity("server")).use { server ->
            val url = "https://localhost:${server.port()}/"
            Child.tool("curl", "-sSN", "--max-time", "30", "--http0.9", "--http1.1", "--cacert", authority, url).use { curl ->
                curl.line() shouldBe "GET / HTTP/1.1"
            }
            Child.tool("curl", "-sS", "--max-time", "30", url).use { curl ->
                val end = curl.end()
                end.status shouldBe 60
                end.lines shouldBe emptyList()
            }
        }
    }

    "a certificate that is renewed is shown to those who come then, and half of it to nobody" {
        val live = tempdir().toPath()
        TestCertificates.write(certificates.server, live, "server")
        echo("--tls-cert", "${live.resolve("server.pem")}", "--tls-key", "${live.resolve("server.key")}").use { server ->
            val endpoint = "tls://localhost:${server.port()}"
            says("hello", endpoint, "--ca", authority).lines shouldBe listOf("hello")

            val half = TestCertificates.create("localhost").server
            live.resolve("server.key").toFile().writeText(TestCertificates.keyPem(half))
            says("hello", endpoint, "--ca", authority).lines shouldBe listOf("hello")

            val others = TestCertificates.create("localhost")
            TestCertificates.write(others.server, live, "server")
            val renewed = live.resolve("authority.pem")
            renewed.toFile().writeText(TestCertificates.pem(others.authority))
            // Files are read again once a second at most.
            until(60.seconds) { says("hello", endpoint, "--ca", "$renewed").status == 0 }

            server.signal("TERM")
            val end = server.end()
            end.status shouldBe 0
            val number = (others.server.certificate as X509Certificate).serialNumber
            end.errors.trim().lines().last() shouldContain "INFO io.hawser.samples.serve - ${live.resolve("server.pem")} was read again: " +
                "number $number, valid until "
            end.errors.trim().lines().dropLast(1).forEach {
                it shouldContain
                    "WARN io.hawser.samples.serve - the certificate stays as it was: "
            }
        }
    }

    "a relay takes TLS off, or puts it on, and says whom it cannot trust" {
        echo(*identity("server")).use { server ->
            val target = "tls://localhost:${server.port()}"
            Child.hawser("relay", "--on", "127.0.0.1:0", "--to", target, "--ca", authority).use { off ->
                Child.hawser("relay", "--on", "tls://127.0.0.1:0", "--to", "127.0.0.1:${off.port()}", *identity("server")).use { on ->
                    says("hello", "tls://localhost:${on.port()}", "--ca", authority) shouldBe Child.End(0, listOf("hello"), "")
                }
            }
            Child.hawser("relay", "--on", "127.0.0.1:0", "--to", target).use { careful ->
                Socket("127.0.0.1", careful.port()).use { socket ->
                    socket.soTimeout = 60_000
                    runCatching { socket.getInputStream().read() }.getOrDefault(-1) shouldBe -1
                }
                careful.signal("TERM")
                careful.end().errors shouldMatch ".* is turned away: the TLS handshake with tcp://127.0.0.1:[0-9]+ failed: $UNTRUSTED\\n"
            }
        }
    }

    "files that are of no use are one line and status 1, before anything listens" {
        val key = folder.resolve("server.key")
        val certificate = "${folder.resolve("server.pem")}"
        for ((given, complaint) in mapOf(
            "none.key" to "there is no such file",
            "client.key" to "the private key is not that of the certificate of CN=localhost",
            "server.pem" to "a private key is expected, and it holds: CERTIFICATE",
        )) {
            val file = "${key.resolveSibling(given)}"
            echo("--tls-cert", certificate, "--tls-key", file).use {
                it.end() shouldBe Child.End(1, emptyList(), "hawser: $file: $complaint\n")
            }
        }
        says("hello", "tls://localhost:1", "--ca", "$key") shouldBe
            Child.End(1, emptyList(), "hawser: $key: a certificate is expected, and it holds: PRIVATE KEY\n")
    }

    "the password for a key is in the environment" {
        val locked = folder.resolve("locked.key")
        val password = "open sesame"
        Child.tool(
            "openssl", "pkcs8", "-topk8", "-in", "${folder.resolve("server.key")}", "-out", "$locked", "-passout", "pass:$password",
        ).use { it.end().status shouldBe 0 }
        val options = arrayOf("--tls-cert", "${folder.resolve("server.pem")}", "--tls-key", "$locked")
        echo(*options).use {
            it.end() shouldBe Child.End(1, emptyList(), "hawser: $locked: its private key is encrypted, and no password is given\n")
        }
        Child.shell("HAWSER_TLS_KEY_PASSWORD='$password' exec \"\$@\"", "echo", "--on", "tls://127.0.0.1:0", *options).use { server ->
            says("hello", "tls://localhost:${server.port()}", "--ca", authority).lines shouldBe listOf("hello")
        }
    }
})
