package io.hawser

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.UnixDomainSocketAddress
import java.nio.file.Path
import kotlin.io.path.readText
import kotlin.random.Random

class EndpointSpec : StringSpec({
    val documentation = Path.of("ENDPOINTS.md").readText()

    /** The lines of the table under [heading]: what is in the first column's backquotes, and the second column. */
    fun table(heading: String): List<Pair<String, String>> = documentation.substringAfter("## $heading\n").substringBefore("\n## ")
        .lines().mapNotNull { Regex("\\| `(.*?)` \\| (.*) \\|").matchEntire(it) }
        .map { it.groupValues[1].replace("\\0", "\u0000") to it.groupValues[2] }

    "what the documentation says is understood, is" {
        val lines = table("Understood")
        lines.size shouldBeGreaterThan 40
        for ((text, column) in lines) {
            val canonical = column.removeSurrounding("`")
            withClue(text) {
                val endpoint = Endpoint.parse(text)
                endpoint.toString() shouldBe canonical
                Endpoint.parse(canonical) shouldBe endpoint
                Endpoint.parse(canonical).hashCode() shouldBe endpoint.hashCode()
            }
        }
    }

    "what the documentation says is refused, is, in its words" {
        val lines = table("Refused") + ("" to "no port")
        lines.size shouldBeGreaterThan 40
        for ((text, why) in lines) {
            withClue(text) { shouldThrow<IllegalArgumentException> { Endpoint.parse(text) }.message shouldBe "$why: \"$text\"" }
        }
    }

    "a path or a name of a Unix socket has at most 107 bytes" {
        for (scheme in listOf("unix:", "unixgram:")) {
            Endpoint.parse("$scheme/${"x".repeat(106)}").toString() shouldBe "$scheme/${"x".repeat(106)}"
            Endpoint.parse("$scheme@${"ü".repeat(53)}x").toString() shouldBe "$scheme@${"ü".repeat(53)}x"
            val long = "$scheme/${"x".repeat(107)}"
            shouldThrow<IllegalArgumentException> { Endpoint.parse(long) }.message shouldBe
                "the path has 108 bytes, over the limit of 107: \"$long\""
            val name = "$scheme@${"ü".repeat(54)}"
            shouldThrow<IllegalArgumentException> { Endpoint.parse(name) }.message shouldBe
                "the name has 108 bytes, over the limit of 107: \"$name\""
        }
    }

    "a host has at most 253 characters" {
        val host = "${"x".repeat(252)}."
        Endpoint.parse("$host:1").toString() shouldBe "tcp://$host:1"
        shouldThrow<IllegalArgumentException> { Endpoint.parse("x$host:1") }.message shouldBe
            "host \"x$host\" has 254 characters, over the limit of 253: \"x$host:1\""
    }

    "whatever is understood, its canonical form means the same, and whatever is refused is quoted" {
        val seed = Random.nextLong()
        val random = Random(seed)
        val words = listOf(
            "tcp", "tcp4", "udp6", "tls", "unix", "unixgram", "memory", ":", "://", ":", "//", "/", "@", "[", "]", "[::1]", "%eth0", "::",
            "1:2", "fe80", "*", ".sock", "sock", "80", "0", "65535", "65536", "host", "example.com", "127.0.0.1",
            ".", "-", " ", "ü", "\u0000", "X", "x".repeat(50), "\"", "\n",
        )
        var understood = 0
        repeat(200_000) {
            val text = List(random.nextInt(1, 7)) { words.random(random) }.joinToString("")
            withClue({ "seed $seed, \"$text\"" }) {
                val endpoint = try {
                    Endpoint.parse(text)
                } catch (e: IllegalArgumentException) {
                    e.message.orEmpty().endsWith(": \"$text\"") shouldBe true
                    return@withClue
                }
                understood++
                Endpoint.parse(endpoint.toString()) shouldBe endpoint
                Endpoint.parse(endpoint.toString()).toString() shouldBe endpoint.toString()
            }
        }
        understood shouldBeGreaterThan 10_000
    }

    "addresses are named without a look-up" {
        Endpoint.of("tcp", InetSocketAddress("127.0.0.1", 80)).toString() shouldBe "tcp://127.0.0.1:80"
        Endpoint.of("tcp", InetSocketAddress(80)).toString() shouldBe "tcp://*:80"
        val literals = listOf("::1", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "1::8:0:0:1", "fe80::", "1:2:3:4:5:6:7:8", "fe80::1%7")
        for (literal in literals) {
            Endpoint.of("tcp", InetSocketAddress(InetAddress.getByName(literal), 80)).toString() shouldBe "tcp://[$literal]:80"
        }
        Endpoint.of("tcp", InetSocketAddress.createUnresolved("no.such.host", 80)).toString() shouldBe "tcp://no.such.host:80"
        Endpoint.of("unix", UnixDomainSocketAddress.of("/tmp/x.sock")).toString() shouldBe "unix:/tmp/x.sock"
        Endpoint.of("unix", UnixDomainSocketAddress.of("")).toString() shouldBe "unix:"
        Endpoint.of("unix", UnixDomainSocketAddress.of("@x")).toString() shouldBe "unix:./@x"
    }

    "an endpoint made by hand is held to the same" {
        Endpoint.Inet("tcp", "0:0::1", 80) shouldBe Endpoint.parse("tcp://[::1]:80")
        shouldThrow<IllegalArgumentException> { Endpoint.Inet("tcp", "", 80) }.message shouldBe "no host: \"tcp://:80\""
        shouldThrow<IllegalArgumentException> { Endpoint.Inet("tcp", "a b", 80) }.message shouldBe
            "host \"a b\" is not a host name: \"tcp://a b:80\""
        shouldThrow<IllegalArgumentException> { Endpoint.Inet("tcp", "host", 65_536) }.message shouldBe
            "port 65536 is not in 0..65535: \"tcp://host:65536\""
        for ((scheme, why) in mapOf(
            "unix" to "is that of names of this machine",
            "TCP" to "is none",
            "" to "is none",
            "a b" to "is none",
        )) {
            shouldThrow<IllegalArgumentException> { Endpoint.Inet(scheme, "host", 80) }.message shouldBe
                "scheme \"$scheme\" $why: \"$scheme://host:80\""
        }
        shouldThrow<IllegalArgumentException> { Endpoint.Local("tcp", "80") }.message shouldBe "scheme \"tcp\" is that of hosts: \"tcp:80\""
        shouldThrow<IllegalArgumentException> { Endpoint.Local("unix", "/a\u0000b") }.message shouldBe
            "the path has a NUL in it: \"unix:/a\u0000b\""
        shouldThrow<IllegalArgumentException> { Endpoint.Local("unix", "@") }.message shouldBe "no name: \"unix:@\""
    }

    "an IPv4 address has one form, and no number in it begins with a zero" {
        for (host in listOf("01.2.3.4", "127.0.0.01", "1.2.3.08", "127.0.0.001")) {
            shouldThrow<IllegalArgumentException> { Endpoint.parse("$host:80") }.message shouldBe
                "host \"$host\" is not an IPv4 address: \"$host:80\""
        }
    }

    "an IPv4 address in IPv6's notation has no zone to lose" {
        shouldThrow<IllegalArgumentException> { Endpoint.parse("[::ffff:192.0.2.1%eth0]:80") }
    }

    "an interface may have any name that the system gives" {
        Endpoint.parse("[fe80::1%v@a]:80").toString() shouldBe "tcp://[fe80::1%v@a]:80"
    }
})
