package io.hawser.tls

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldEndWith
import javax.net.ssl.SNIHostName

class ServerNameSpec : StringSpec({
    val files = OpenSsl()

    fun certificate(names: String) = certificatesIn(files.certificate("Some.Name", "ec.key", names)).single()

    beforeSpec { files.key("ec.key", *OpenSsl.ec) }

    "names are those of DNS, in ASCII and lower case" {
        val names = mapOf(
            "Example.COM" to "example.com",
            "example.com." to "example.com",
            "localhost" to "localhost",
            "bücher.example" to "xn--bcher-kva.example",
            "BÜCHER。example" to "xn--bcher-kva.example",
            "1.example" to "1.example",
            "a".repeat(63) + ".example" to "a".repeat(63) + ".example",
        )
        for ((text, name) in names) {
            withClue(text) {
                ServerName.of(text).toString() shouldBe name
                (ServerName.of(text).sni as SNIHostName).encoded.decodeToString() shouldBe name
            }
        }
    }

    "nobody asks for an address, or for a name that no host has" {
        for (text in listOf("_service.my_host.example", "-a.example", "127.0.0.1", "::1", "2001:DB8::1", "::ffff:127.0.0.1")) {
            ServerName.of(text).sni shouldBe
                null
        }
    }

    "what is neither a name nor an address is refused and quoted" {
        val texts = listOf(
            "", ".", "..", "a..b", ".a", "a b", "a\u0000b", "a\tb", "*", "*.example", "a/b", "a:1", "[::1]", "fe80::1%eth0", "fe80::1%1",
            ".:1", ":", ":::", "1:2", "g::1", "::1.2.3", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1234", "a.1",
            "１２７．０．０．256", "user@example",
            "a".repeat(
                64,
            ),
            "a".repeat(64) + ".example", "ab.".repeat(84) + "abc", "x".repeat(100_000), "a\uD800",
        )
        for (text in texts) {
            withClue(text.take(100)) {
                shouldThrow<IllegalArgumentException> { ServerName.of(text) }.message shouldEndWith ": \"${text.take(1024)}\""
            }
        }
    }

    "a certificate is for the names it lists, and not for its subject's" {
        val certificate =
            certificate(
                "DNS:Example.com,DNS:my_host.example,DNS:www.example.com,DNS:xn--bcher-kva.example,DNS:10.0.0.1,URI:http://u.example",
            )
        for (name in listOf("example.COM", "my_host.example", "www.example.com.", "bücher.example")) {
            withClue(name) { ServerName.of(name).matches(certificate) shouldBe true }
        }
        for (name in listOf("some.name", "a.example.com", "com", "u.example", "10.0.0.1", "xample.com")) {
            withClue(name) { ServerName.of(name).matches(certificate) shouldBe false }
        }
    }

    "a wildcard is a whole first label, and stands for exactly one" {
        val certificate = certificate(
            "DNS:*.Example.com,DNS:*.net,DNS:*,DNS:f*.example.org,DNS:*b.example.org,DNS:a.*.example.org,DNS:*.*.example.edu",
        )
        for (name in listOf("a.example.com", "A.EXAMPLE.COM", "xn--bcher-kva.example.com")) {
            withClue(name) { ServerName.of(name).matches(certificate) shouldBe true }
        }
        val others = "example.com a.b.example.com example.net net foo.example.org ab.example.org a.b.example.org a.b.example.edu"
        for (name in others.split(' ')) {
            withClue(name) { ServerName.of(name).matches(certificate) shouldBe false }
        }
        for (address in listOf("10.0.0.1", "1.1.1.1")) ServerName.of(address).matches(certificate("DNS:*.0.0.1,DNS:*.1.1.1")) shouldBe false
    }

    "addresses are the same whatever they look like" {
        val certificate = certificate("IP:10.0.0.1,IP:2001:db8::1")
        for (text in listOf("10.0.0.1", "2001:db8::1", "2001:DB8:0:0::0001", "2001:db8::0.0.0.1", "::ffff:10.0.0.1")) {
            withClue(text) { ServerName.of(text).matches(certificate) shouldBe true }
        }
        for (text in listOf("10.0.0.2", "2001:db8::2", "::1")) withClue(text) { ServerName.of(text).matches(certificate) shouldBe false }
    }

    "what a certificate says in no valid way it does not say" {
        val name = ServerName.of("a.example")
        val malformed =
            listOf(
                "30:05:87:03:01:02:03",
                "30:03:82:01:ff",
                "30:00",
                "02:01:01",
                "30:0a:82:03:61",
                "30:0b:82:09:61:00:65:78:61:6d:70:6c:65",
            )
        for (der in malformed) {
            withClue(der) {
                val certificate = certificate("DER:$der")
                name.matches(certificate) shouldBe false
                ServerName.of("1.2.3.4").matches(certificate) shouldBe false
            }
        }
    }
})
